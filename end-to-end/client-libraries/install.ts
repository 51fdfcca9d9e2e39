/**
 * Puts the pinned libraries into the project's cache, once for all checkouts. They are no part of
 * the project's own dependencies: they are many, old, and quarrel with its TypeScript.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { run, which } from "../../tools/setup/command.mjs";
import { waitForLock } from "../../tools/setup/lock.mjs";
import { npmCommand } from "../../tools/setup/node.mjs";
import { cacheDirectory, repository } from "../../tools/setup/places.mjs";

const here = import.meta.dirname;
const INSTALL_SECONDS = 240;

/** A way to start a client program, or why there is none on this machine. */
export type Python =
  { readonly python: string; readonly folder: string } | { readonly missing: string };

/**
 * The folder that holds `node_modules` with the libraries of `package-lock.json`.
 *
 * @throws with npm's last lines when the registry is out of reach
 */
export function installNodeLibraries(): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  return once("node", files.map(contentsOf), async (folder) => {
    for (const file of files) cpSync(path.join(here, file), path.join(folder, file));
    cpSync(path.join(repository, ".npmrc"), path.join(folder, ".npmrc"));
    const npm = npmCommand(process.execPath);
    // The one peer is a TypeScript that only the library's own build needs.
    await install(npm.file, [...npm.prefix, "ci", "--omit=peer", "--prefer-offline"], folder);
  });
}

/**
 * The folder with the packages of `requirements.txt`, for `PYTHONPATH`.
 *
 * @throws with pip's last lines when the index is out of reach or a file is not the pinned one
 */
export async function installPythonLibraries(): Promise<Python> {
  const python = which("python3");
  if (!python) return { missing: "there is no python3 on this machine" };
  const about = "import sys, platform; print(sys.implementation.cache_tag, platform.machine())";
  const kind = await run(python, ["-c", about]);
  if ((await run(python, ["-m", "pip", "--version"])).code !== 0) {
    return { missing: "python3 has no pip on this machine (Debian: apt install python3-pip)" };
  }
  const requirements = contentsOf("requirements.txt");
  const folder = await once("python", [requirements, kind.stdout], async (target) => {
    const wheels = ["--only-binary", ":all:", "--require-hashes"];
    const where = ["--target", target, "-r", path.join(here, "requirements.txt")];
    await install(python, ["-m", "pip", "install", "--no-input", ...wheels, ...where], target);
  });
  return { python, folder };
}

const contentsOf = (file: string) => readFileSync(path.join(here, file), "utf8");

/**
 * Fills the folder that belongs to these contents, if it is not there. It gets its name when it is
 * whole, so that an installation that was cut off is never used.
 */
async function once(
  name: string,
  contents: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 16);
  const folder = path.join(cacheDirectory, "client-libraries", `${name}-${key}`);
  const lock = await waitForLock(`${folder}.lock`, `installing ${name} libraries`, console.log);
  try {
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial`;
    // The lock is ours: what lies there was left by a run that was killed.
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    await fill(partial);
    renameSync(partial, folder);
    return folder;
  } finally {
    lock.release();
  }
}

async function install(file: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, tail } = await run(file, [...args], { cwd, timeoutSeconds: INSTALL_SECONDS });
  if (code !== 0) {
    throw new Error(`Installing the client libraries failed: is the registry in reach?\n${tail}`);
  }
}
