/** Where a name that a browser sent lies on disk: always inside the user's own folder. */
import { lstat } from "node:fs/promises";
import path from "node:path";
import { Refusal } from "../refusal.ts";

const LONGEST_NAME_BYTES = 1024;
const LONGEST_PART_BYTES = 240;
const DEEPEST = 12;

/**
 * The parts of a confined relative name.
 *
 * @throws Refusal 403 for an absolute name, `..`, NUL or another control character, a backslash,
 *   and for names longer or deeper than any workflow needs.
 */
export function confinedParts(name: string): string[] {
  const parts = name.split("/");
  const fine =
    Buffer.byteLength(name) <= LONGEST_NAME_BYTES &&
    parts.length <= DEEPEST &&
    parts.every(
      (part) =>
        part !== "" &&
        part !== "." &&
        part !== ".." &&
        // eslint-disable-next-line no-control-regex -- they are what is refused
        !/[\u0000-\u001f\u007f\\]/.test(part) &&
        Buffer.byteLength(part) <= LONGEST_PART_BYTES,
    );
  if (!fine) throw new Refusal(403, "That file name is not allowed: use a plain name.");
  return parts;
}

/**
 * The absolute path of a name inside `root`. Each part that exists is checked: a symbolic link is
 * never followed, wherever it points.
 */
export async function resolveInside(root: string, name: string): Promise<string> {
  let at = root;
  for (const part of confinedParts(name)) {
    at = path.join(at, part);
    const found = await lstat(at).catch(ignoreMissing);
    if (found?.isSymbolicLink()) throw new Refusal(403, "That file is a link to another place.");
  }
  return at;
}

/** For `catch`: undefined where nothing lies at the path; every other error is passed on. */
export function ignoreMissing(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw error;
}
