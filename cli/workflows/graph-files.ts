/** The graphs that a command is told: files, folders of them, or the workshop's own templates. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { templates } from "@comfymulti/workflows";
import { VisibleError } from "../visible-error.ts";

/** The largest graphs that people make have a few megabytes, pictures in notes included. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_FILES = 5_000;

export interface GraphFile {
  /** As given, or found below a folder that was given. */
  readonly name: string;
  /** Its content; undefined when it is no JSON. */
  readonly json: unknown;
  /** False for a template of this project. */
  readonly writable: boolean;
  /** False for a file that was found in a folder: it may well be something else. */
  readonly named: boolean;
}

/** Throws VisibleError for a path that is not there. */
export function graphFiles(given: readonly string[]): readonly GraphFile[] {
  if (given.length === 0) {
    return templates.flatMap(({ id, api, ui }) => [
      { name: `${id} (workflow)`, json: ui, writable: false, named: true },
      { name: `${id} (API)`, json: api, writable: false, named: true },
    ]);
  }
  const files = given.flatMap((name) =>
    [...below(name, true)].map((file) => ({ file, named: file === name })),
  );
  if (files.length > MOST_FILES) {
    throw new VisibleError(
      `${files.length} files are more than ${MOST_FILES}: name a smaller folder.`,
    );
  }
  return files.map(({ file, named }) => ({
    name: file,
    json: readJson(file),
    writable: true,
    named,
  }));
}

function* below(name: string, named: boolean): Generator<string> {
  let stats;
  try {
    stats = statSync(name);
  } catch (error) {
    throw new VisibleError(`${name} can't be read: ${(error as Error).message}`);
  }
  if (stats.isDirectory()) {
    for (const entry of readdirSync(name, { withFileTypes: true }).sort((a, b) =>
      a.name.localeCompare(b.name),
    )) {
      // No links: they may lead in a circle.
      if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules") {
        yield* below(path.join(name, entry.name), false);
      } else if (entry.isFile() && entry.name.endsWith(".json")) {
        yield* below(path.join(name, entry.name), false);
      }
    }
  } else if (stats.size <= MOST_BYTES) {
    yield name;
  } else if (named) {
    throw new VisibleError(`${name} has ${stats.size} bytes: no graph is as large.`);
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
