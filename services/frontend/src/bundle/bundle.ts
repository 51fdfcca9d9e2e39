/**
 * The official frontend's files: read once at start, so that a request is a look-up in a list and
 * never a path on disk.
 */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

export interface BundleFile {
  /** Relative to the bundle, with `/`. */
  readonly path: string;
  /** Names the content: size and time of change. */
  readonly version: string;
  readonly compressible: boolean;
  /** The build put a hash of the content into the name: the content never changes. */
  readonly immutable: boolean;
}

export interface Bundle {
  readonly folder: string;
  readonly files: ReadonlyMap<string, BundleFile>;
}

const COMPRESSIBLE = /\.(js|mjs|css|html|json|svg|txt|ttf|wasm)$/;
const HASHED = /^assets\/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;
/** Smaller files fit one network packet anyway. */
const WORTH_COMPRESSING_BYTES = 1400;

/** @throws Error with one sentence when the folder holds no frontend. */
export async function readBundle(folder: string): Promise<Bundle> {
  const root = path.resolve(folder);
  const files = new Map<string, BundleFile>();
  const children = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const child of children) {
    if (!child.isFile() || child.name.startsWith(".")) continue;
    const absolute = path.join(child.parentPath, child.name);
    const relative = path.relative(root, absolute).split(path.sep).join("/");
    const { size, mtimeMs } = await stat(absolute);
    files.set(relative, {
      path: relative,
      version: `${size.toString(36)}-${Math.trunc(mtimeMs).toString(36)}`,
      compressible: COMPRESSIBLE.test(relative) && size > WORTH_COMPRESSING_BYTES,
      immutable: HASHED.test(relative),
    });
  }
  if (!files.has("index.html")) {
    throw new Error(
      `BUNDLE_DIRECTORY: there is no index.html in ${root}; run "npm start" once, which fetches the frontend, or name the folder that it is in.`,
    );
  }
  return { folder: root, files };
}
