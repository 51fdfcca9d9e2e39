/** What of a folder goes to the builder: as the real provider chooses, by the Dockerfile's own list first. */
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import ignore from "@balena/dockerignore";

/**
 * @param context full path
 * @param dockerfile full path
 * @returns files and links, relative to the context
 */
export async function buildContext(context: string, dockerfile: string): Promise<string[]> {
  const list = [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")].find(existsSync);
  const text = list === undefined ? "" : readFileSync(list, "utf8");
  const ignored = ignore.default().add(text);
  const wanted = text
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1).split("/"));
  const files: string[] = [];
  const visit = async (folder: string) => {
    for (const entry of await readdir(path.join(context, folder), { withFileTypes: true })) {
      const place = path.posix.join(folder, entry.name);
      if (!entry.isDirectory()) {
        if (!ignored.ignores(place)) files.push(place);
      } else if (!ignored.ignores(place) || wanted.some((parts) => mayLieIn(place, parts))) {
        await visit(place);
      }
    }
  };
  await visit("");
  // The builder reads it from there, whatever the list says.
  const file = path.relative(context, dockerfile);
  return files.includes(file) ? files : [...files, file];
}

/** Whether a pattern may name something below a folder. */
const mayLieIn = (folder: string, pattern: readonly string[]): boolean =>
  folder.split("/").every((part, index) => {
    const own = pattern[index];
    return own === undefined || own.includes("*") || own === part;
  });
