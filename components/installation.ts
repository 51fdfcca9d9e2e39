/** This checkout's own programs, for services that run on this machine. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const repository = path.resolve(import.meta.dirname, "..");

/** The parts of a ServiceSpec that say which of our programs runs. */
export interface NodeProgram {
  readonly command: string[];
  readonly workingDirectory: string;
  readonly environment: { readonly SOURCE_HASH: string };
}

/**
 * One of our own services: Node runs the TypeScript entry as it is. A change of its source is a
 * change of its environment, so that `up` after a `git pull` restarts what changed and nothing else.
 *
 * @param entry The program, relative to the repository.
 * @param sources Folders of ours that it runs, its own among them.
 */
export function nodeProgram(entry: string, sources: readonly string[]): NodeProgram {
  return {
    command: [process.execPath, path.join(repository, entry)],
    workingDirectory: repository,
    environment: { SOURCE_HASH: hashOf(["package-lock.json", ...sources]) },
  };
}

const SOURCE_FILE = /\.(ts|lua|json)$/;
const NOT_RUN = /(^|\/)(test|fixtures|node_modules)\/|\.test\.ts$/;

function hashOf(places: readonly string[]): string {
  const hash = createHash("sha256");
  for (const place of places) {
    for (const file of filesOf(path.join(repository, place))) {
      hash.update(path.relative(repository, file)).update("\0").update(readFileSync(file));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function filesOf(place: string): string[] {
  if (SOURCE_FILE.test(place)) return [place];
  return readdirSync(place, { recursive: true, encoding: "utf8" })
    .filter((file) => SOURCE_FILE.test(file) && !NOT_RUN.test(file))
    .sort()
    .map((file) => path.join(place, file));
}
