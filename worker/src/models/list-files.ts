/** The files below a models directory. */
import { opendir, stat } from "node:fs/promises";
import path from "node:path";

export interface DiskFile {
  /** Below the directory, parted by `/`. */
  path: string;
  sizeBytes: number;
}

/** Deeper and longer than any models directory; a bound for a directory set by mistake. */
const MAX_DEPTH = 8;
const MAX_FILES = 20_000;

/**
 * Files with content; hidden ones and lock folders are left out, and a linked folder is not entered.
 *
 * @returns sorted by path
 */
export async function listFiles(directory: string): Promise<DiskFile[]> {
  const found: DiskFile[] = [];
  const walk = async (folder: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(path.join(directory, folder))) {
      if (entry.name.startsWith(".") || found.length >= MAX_FILES) continue;
      const inside = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) await walk(inside, depth + 1);
        continue;
      }
      // A link to a file counts as the file; what vanishes meanwhile (a rename) is left out.
      const details = await stat(path.join(directory, inside)).catch(() => undefined);
      if (details?.isFile() && details.size > 0) {
        found.push({ path: inside, sizeBytes: details.size });
      }
    }
  };
  await walk("", 1);
  return found.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
