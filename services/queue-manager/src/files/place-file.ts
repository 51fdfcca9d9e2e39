/**
 * Gives a received file its name. Nothing is ever overwritten by accident: a link fails when the
 * name exists, so two replicas or two uploads at once can't take the same name.
 */
import { link, mkdir, rename, stat } from "node:fs/promises";
import path from "node:path";
import { hashFile, type PartialFile } from "./partial-file.ts";

/** What a file holds, wherever it lies. */
export type FileContent = Pick<PartialFile, "bytes" | "sha256">;

/** The names to try, in order, when the wanted one is taken by different bytes. */
export type Names = (wanted: string) => Iterable<string>;

/** Uploads: `name.png`, `name (1).png`, `name (2).png`, … as ComfyUI does. */
export function* uploadNames(wanted: string): Iterable<string> {
  yield wanted;
  const { name, ext } = path.parse(wanted);
  for (let count = 1; ; count++) yield `${name} (${count})${ext}`;
}

/** Outputs: `prefix_00001_.png`, `prefix_00002_.png`, …; a name without counter gets one. */
export function* outputNames(wanted: string): Iterable<string> {
  yield wanted;
  const { name, ext } = path.parse(wanted);
  const counted = /^(?<prefix>.*)_(?<counter>\d{5,})_$/.exec(name)?.groups;
  const prefix = counted?.["prefix"] ?? name;
  for (let count = Number(counted?.["counter"] ?? 0) + 1; ; count++) {
    yield `${prefix}_${String(count).padStart(5, "0")}_${ext}`;
  }
}

/**
 * Places the file under the first name that is free or already holds the same bytes, and answers
 * that name: sending a file twice gives the same answer and one file. The partial file stays.
 */
export async function placeFile(
  file: PartialFile,
  folder: string,
  wanted: string,
  names: Names,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of names(wanted)) {
    const target = path.join(folder, name);
    try {
      await link(file.path, target);
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (await holdsSameBytes(target, file)) return name;
  }
  throw new Error("unreachable: the names do not end");
}

/** The name under which `placeFile` put these bytes before, if it did. */
export async function findPlaced(
  file: FileContent,
  folder: string,
  wanted: string,
  names: Names,
): Promise<string | undefined> {
  for (const name of names(wanted)) {
    const target = path.join(folder, name);
    const taken = await stat(target).then(
      () => true,
      () => false,
    );
    if (!taken) return undefined;
    if (await holdsSameBytes(target, file)) return name;
  }
  return undefined;
}

/** Places the file under exactly this name, replacing what was there. The partial file moves. */
export async function replaceFile(file: PartialFile, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await rename(file.path, path.join(folder, name));
}

async function holdsSameBytes(target: string, file: FileContent): Promise<boolean> {
  const present = await stat(target);
  if (!present.isFile() || present.size !== file.bytes) return false;
  return (await hashFile(target)) === file.sha256;
}
