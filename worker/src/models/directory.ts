/** The models directory on this machine: places inside it, and what lies there. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, realpath, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { modelPath } from "@comfymulti/workflows";
import type { ModelFile } from "@comfymulti/workflows";
import { formatBytes } from "./format.ts";
import { ModelsError } from "./models-error.ts";

/** How far the size of a file may be from an approximate one and still be that file. */
const APPROXIMATE_SHARE = 0.1;

/** Refuses to work in a directory that is not there: most likely a filesystem is not mounted. */
export async function requireDirectory(directory: string): Promise<void> {
  if ((await stat(directory).catch(() => undefined))?.isDirectory()) return;
  throw new ModelsError(
    `${directory} is not there: mount the shared filesystem, or set MODELS_DIRECTORY to the folder of the models.`,
  );
}

/** Where a model file belongs; its folder is made. A folder that leads elsewhere is refused. */
export async function placeFor(directory: string, file: ModelFile): Promise<string> {
  const folder = path.join(directory, file.folder);
  await mkdir(folder, { recursive: true });
  const [root, real] = await Promise.all([realpath(directory), realpath(folder)]);
  if (!real.startsWith(root + path.sep)) {
    throw new ModelsError(
      `${folder} leads out of ${directory}, to ${real}: make it a folder of its own.`,
    );
  }
  return path.join(folder, file.name);
}

/** Bytes of the regular file at a place; undefined when there is none. */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

export const sizeOnDisk = (directory: string, file: ModelFile): Promise<number | undefined> =>
  sizeOf(path.join(directory, modelPath(file)));

export const sizeFits = (file: ModelFile, bytes: number): boolean =>
  file.approximate
    ? Math.abs(bytes - file.sizeBytes) <= file.sizeBytes * APPROXIMATE_SHARE
    : bytes === file.sizeBytes;

/** SHA-256 of a file's content, lower-case hex. */
export async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const content = createReadStream(file, { highWaterMark: 1024 * 1024, signal });
  for await (const chunk of content) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** @throws ModelsError when the filesystem has not room for so many bytes more */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory, { bigint: true });
  const free = bavail * bsize;
  if (BigInt(bytes) <= free) return;
  throw new ModelsError(
    `The restore needs ${formatBytes(bytes)} and ${directory} has ${formatBytes(Number(free))} free: enlarge the filesystem, or remove files that no template needs (\`models scan\` lists them).`,
  );
}
