/** Walks a user's files the way ComfyUI's two listings do. Links are neither listed nor followed. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { ignoreMissing } from "./user-path.ts";

export interface Entry {
  /** Relative to where the walk began, with `/`. */
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory";
  readonly size: number;
  /** Seconds since the epoch, like Python's `st_mtime` and `st_ctime`. */
  readonly modified: number;
  readonly created: number;
}

/** Everything under `folder`, or only what lies directly in it. Files that vanish meanwhile are left out. */
export async function listEntries(folder: string, recurse: boolean): Promise<Entry[]> {
  const entries: Entry[] = [];
  const waiting = [""];
  for (let relative = waiting.shift(); relative !== undefined; relative = waiting.shift()) {
    const children = await readdir(path.join(folder, relative), { withFileTypes: true });
    children.sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const child of children) {
      if (!child.isFile() && !child.isDirectory()) continue;
      const childPath = relative ? `${relative}/${child.name}` : child.name;
      const found = await lstat(path.join(folder, childPath)).catch(ignoreMissing);
      if (!found) continue;
      entries.push({
        path: childPath,
        name: child.name,
        type: child.isDirectory() ? "directory" : "file",
        size: found.size,
        modified: found.mtimeMs / 1000,
        created: found.ctimeMs / 1000,
      });
      if (recurse && child.isDirectory()) waiting.push(childPath);
    }
  }
  return entries;
}
