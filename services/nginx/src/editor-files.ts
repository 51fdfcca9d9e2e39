/**
 * The files that nginx serves from disk: those of an editor's bundle that have a hash of their content
 * in the name, and nothing else, so that nothing else can be asked for. Beside each one that shrinks
 * lies its `.gz`, which nginx sends as it is (`gzip_static`).
 *
 *     <editorDirectory>/<editorVersion>/assets/index-BFHZsBkN.js
 *     <editorDirectory>/<editorVersion>/assets/index-BFHZsBkN.js.gz
 */
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);

/** The same names as in the rendered location, and as the light frontend's immutable files. */
const HASHED = /^[A-Za-z0-9_.-]+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;
const COMPRESSIBLE = /\.(?:js|mjs|css|json|svg|txt|ttf|wasm)$/;
/** Smaller files fit one network packet anyway. */
const WORTH_COMPRESSING_BYTES = 1400;
/** Done once a version: gzip's best. */
const LEVEL = 9;

export interface EditorFiles {
  /** `static/` of comfyui-frontend-package, unpacked. */
  readonly bundleDirectory: string;
  /** The setting of the same name. */
  readonly editorDirectory: string;
  /** Version of comfyui-frontend-package. */
  readonly editorVersion: string;
}

/**
 * Puts one version's files in their place; does nothing when they are there. Interrupted, it leaves
 * nothing that would be taken for a whole version.
 *
 * @returns the version's folder
 * @throws Error with one sentence when the bundle has no such files
 */
export async function placeEditorFiles(options: EditorFiles): Promise<string> {
  const { bundleDirectory, editorDirectory, editorVersion } = options;
  const target = path.join(editorDirectory, editorVersion);
  await mkdir(editorDirectory, { recursive: true });
  if ((await readdir(editorDirectory)).includes(editorVersion)) return target;

  const source = path.join(bundleDirectory, "assets");
  const entries = await readdir(source, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && HASHED.test(entry.name));
  if (names.length === 0) {
    throw new Error(
      `There are no hashed files in ${source}; name the folder "static" of comfyui-frontend-package.`,
    );
  }
  const partial = await mkdtemp(path.join(editorDirectory, ".incoming-"));
  try {
    const assets = path.join(partial, editorVersion, "assets");
    await mkdir(assets, { recursive: true });
    for (const { name } of names) await place(path.join(source, name), path.join(assets, name));
    await rename(path.join(partial, editorVersion), target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

async function place(source: string, target: string): Promise<void> {
  await copyFile(source, target);
  if (!COMPRESSIBLE.test(source)) return;
  const bytes = await readFile(source);
  if (bytes.length > WORTH_COMPRESSING_BYTES) {
    await writeFile(`${target}.gz`, await compress(bytes, { level: LEVEL }));
  }
}
