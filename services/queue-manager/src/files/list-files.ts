/** Names of the files in one of a user's folders. */
import { readdir } from "node:fs/promises";

/** Files directly in this folder, by name; none when there is no folder yet. Hidden ones are left out. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}
