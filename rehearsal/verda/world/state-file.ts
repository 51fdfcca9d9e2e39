/** Keeps the state on disk, so that a simulator started again goes on from there. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { stateSchema, type State } from "./state.ts";

const fileSchema = z.object({
  version: z.literal(1),
  simulatedNow: z.number(),
  state: stateSchema,
});

/** A state file that cannot be used; its message says what to do. */
export class StateFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StateFileError";
  }
}

/** What the file holds, or nothing when there is none yet. @throws StateFileError */
export function loadState(file: string): { simulatedNow: number; state: State } | undefined {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new StateFileError(`${file} cannot be read (${(error as Error).message}): name another.`);
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw new StateFileError(
      `${file} is no state of this simulator: remove it to start empty, or name another.`,
    );
  }
}

/** Replaces the file at one go; only its owner may read it, for it holds startup scripts. */
export function saveState(file: string, simulatedNow: number, state: State): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  writeFileSync(temporary, JSON.stringify({ version: 1, simulatedNow, state }), { mode: 0o600 });
  renameSync(temporary, file);
}
