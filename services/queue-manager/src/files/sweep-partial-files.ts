/** Removes what a crash left half received. Files that another replica still writes are younger. */
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { PARTIAL_FILE_MS } from "../limits.ts";

/** Removes partial files that nobody wrote to for an hour; answers how many. */
export async function sweepPartialFiles(directory: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name);
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile() || Date.now() - found.mtimeMs < PARTIAL_FILE_MS) continue;
    await rm(file, { force: true });
    removed += 1;
  }
  return removed;
}
