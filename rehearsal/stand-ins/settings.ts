/** Where a rehearsal keeps what it made; without it no stand-in runs. */
import { statSync } from "node:fs";
import path from "node:path";

/** Variable that names the folder of a rehearsal, and that alone makes the stand-ins run. */
export const DIRECTORY_VARIABLE = "COMFYMULTI_REHEARSAL_DIR";

/** @throws Error with one sentence, so that a stand-in is never a real deployment's provider */
export function rehearsalDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const directory = environment[DIRECTORY_VARIABLE];
  if (directory === undefined || directory === "") {
    throw new Error(
      `This is a stand-in that makes nothing real. It runs in rehearsals alone: set ${DIRECTORY_VARIABLE} to an existing folder, or remove it from plugins.providers of Pulumi.yaml.`,
    );
  }
  const exists = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!path.isAbsolute(directory) || !exists) {
    throw new Error(
      `${DIRECTORY_VARIABLE} must be the full path of an existing folder, not ${directory}.`,
    );
  }
  return directory;
}
