/** Installs what the lockfile names, once per lockfile. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./command.mjs";
import { npmCommand } from "./node.mjs";
import { repository } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

/** Written last, so that an installation that was cut off is done again. */
const marker = path.join(repository, "node_modules", ".installed-lockfile");

const lockfileHash = () =>
  createHash("sha256")
    .update(readFileSync(path.join(repository, "package-lock.json")))
    .digest("hex");

export function dependenciesAreInstalled() {
  try {
    return readFileSync(marker, "utf8") === lockfileHash();
  } catch {
    return false;
  }
}

/**
 * @param {string} node Node that npm runs on
 * @param {(line: string) => void} report
 */
export async function provideDependencies(node, report) {
  if (dependenciesAreInstalled()) return { value: undefined, note: "as the lockfile says" };
  report("installing what package-lock.json names (about a minute)");
  rmSync(marker, { force: true });
  const npm = npmCommand(node);
  const result = await run(npm.file, [...npm.prefix, "ci", "--prefer-offline"], {
    cwd: repository,
    env: { PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` },
    timeoutSeconds: 1200,
  });
  if (result.code !== 0) {
    throw new SetupError(
      "npm ci failed: check the network and the free disk space, then run the same command again.",
      { log: result.tail },
    );
  }
  writeFileSync(marker, lockfileHash());
  return { value: undefined, note: "installed" };
}
