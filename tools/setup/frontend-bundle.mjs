/**
 * Provides the official ComfyUI frontend: the `static/` folder of the PyPI package
 * comfyui-frontend-package, unmodified but for source maps (27 of 50 MB) being left out.
 *
 * It is GPL-3.0, so it is fetched on the machine that serves it and is never part of this
 * repository.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { cacheDirectory as defaultCacheDirectory } from "./places.mjs";
import { CutOffError, fetchPythonFile } from "./python-index.mjs";
import { SetupError } from "./setup-error.mjs";
import { readZip, ZipError } from "./unzip.mjs";

const PACKAGE = "comfyui-frontend-package";
const STATIC_FOLDER = "comfyui_frontend_package/static/";
/** Holds the wheel's sum: says that the folder is whole, and of which wheel. Never served. */
const MARKER = ".wheel-sha256";

/**
 * The folder with the frontend's files, fetched and unpacked when it is not there yet. Interrupted
 * or failed, it leaves nothing that a later call would take for a whole bundle.
 *
 * @param {object} options
 * @param {string} options.version Of comfyui-frontend-package ("1.37.11").
 * @param {{ filename: string, sha256: string }} options.wheel From workflows/versions.json.
 * @param {string} [options.cacheDirectory] Default: the project's cache (`COMFYMULTI_CACHE`, else
 *   `$XDG_CACHE_HOME/comfymulti`, else `~/.cache/comfymulti`).
 * @param {(line: string) => void} [options.report] Told what takes time.
 * @returns {Promise<string>} `<cacheDirectory>/frontend/<version>`
 * @throws {SetupError} out of reach, cut off, or not the pinned wheel.
 */
export async function ensureFrontendBundle({
  version,
  wheel,
  cacheDirectory = defaultCacheDirectory,
  report = () => {},
}) {
  const folder = path.join(cacheDirectory, "frontend", version);
  if (isWhole(folder, wheel)) return folder;

  report(`fetching ${PACKAGE} ${version} from the Python package index (20 MB)`);
  const archive = await fetchWheel(version, wheel, report);
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(path.dirname(folder), { recursive: true });
  removeAbandoned(path.dirname(folder));
  try {
    unpack(archive, partial, wheel);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } catch (error) {
    // Another process was quicker: its folder is as good.
    if (!isWhole(folder, wheel)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function isWhole(folder, { sha256 }) {
  const marker = path.join(folder, MARKER);
  return existsSync(marker) && readFileSync(marker, "utf8") === sha256;
}

async function fetchWheel(version, { filename, sha256 }, report) {
  let archive;
  try {
    archive = await fetchPythonFile({ name: PACKAGE, version, filename }, report);
  } catch (error) {
    if (!(error instanceof CutOffError)) throw error;
    throw new SetupError(
      `The download of ${filename} was cut off (${error.message}): check the network and run the same command again.`,
      { cause: error },
    );
  }
  if (!archive) {
    throw new SetupError(
      `${filename} could not be fetched from the Python package index: check the network, or set PIP_INDEX_URL to a mirror that has ${PACKAGE} ${version}, and run the same command again.`,
    );
  }
  const found = createHash("sha256").update(archive).digest("hex");
  if (found !== sha256) {
    throw new SetupError(
      `${filename} is not the pinned file (sha256 ${found}, expected ${sha256}) and was thrown away: run the same command again, and if it stays so, check the mirror in PIP_INDEX_URL and the pin in workflows/versions.json.`,
    );
  }
  return archive;
}

function unpack(archive, partial, { filename, sha256 }) {
  rmSync(partial, { recursive: true, force: true });
  try {
    for (const file of readZip(archive)) {
      if (!file.name.startsWith(STATIC_FOLDER) || file.name.endsWith(".map")) continue;
      const target = path.join(partial, file.name.slice(STATIC_FOLDER.length));
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, file.read());
    }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new SetupError(
      `${filename} can't be unpacked (${error.message}): check the pin in workflows/versions.json.`,
      { cause: error },
    );
  }
  if (!existsSync(path.join(partial, "index.html"))) {
    throw new SetupError(
      `${filename} holds no ${STATIC_FOLDER}index.html: check the pin in workflows/versions.json.`,
    );
  }
  writeFileSync(path.join(partial, MARKER), sha256);
}

/** What a killed run left behind; a partial folder of a live process is not touched. */
function removeAbandoned(parent) {
  for (const name of readdirSync(parent)) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (!pid) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    }
  }
}
