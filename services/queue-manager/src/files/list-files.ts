/** What lies in one of a user's folders. Links are neither listed nor followed. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";

export interface ListedFile {
  /** Relative to where the walk began, `/` between folders, empty for none. */
  readonly subfolder: string;
  readonly filename: string;
  readonly bytes: number;
  /** ms since the epoch */
  readonly modified: number;
}

/** All files below this folder, by subfolder and name; none when there is no folder yet. */
export async function listTree(folder: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const waiting = [""];
  for (let subfolder = waiting.pop(); subfolder !== undefined; subfolder = waiting.pop()) {
    const entries = await readdir(path.join(folder, subfolder), { withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      // Hidden names are unfinished files.
      if (entry.name.startsWith(".")) continue;
      const place = subfolder === "" ? entry.name : `${subfolder}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(place);
      if (!entry.isFile()) continue;
      const found = await lstat(path.join(folder, place)).catch(() => undefined);
      if (!found) continue;
      const { size: bytes, mtimeMs } = found;
      files.push({ subfolder, filename: entry.name, bytes, modified: Math.round(mtimeMs) });
    }
  }
  const placeOf = ({ subfolder, filename }: ListedFile) => `${subfolder}/${filename}`;
  return files.sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
}

/** Files directly in this folder, by name; none when there is no folder yet. Hidden ones are left out. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}
