/** What a rehearsal is told by its environment; without its folder no stand-in runs. */
import { statSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/** Variable that names the folder of a rehearsal, and that alone makes the stand-ins run. */
export const DIRECTORY_VARIABLE = "COMFYMULTI_REHEARSAL_DIR";
/** Variable that names the socket of a Docker daemon that is to run containers for real. */
export const DOCKER_VARIABLE = "COMFYMULTI_REHEARSAL_DOCKER";
/** Variable that says which address of a machine that daemon stands for. */
export const DOCKER_MACHINE_VARIABLE = "COMFYMULTI_REHEARSAL_DOCKER_MACHINE";
/** Variable that, being `run`, has local commands run for real. */
export const COMMANDS_VARIABLE = "COMFYMULTI_REHEARSAL_COMMANDS";

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

const settingsSchema = z.object({
  /** `unix:///run/x.sock`; nothing else, so that no rehearsal reaches another machine. */
  [DOCKER_VARIABLE]: z
    .string()
    .regex(/^unix:\/\/\/./, "must be a socket of this machine, unix:///path/to/docker.sock")
    .optional(),
  /** Address of a provider, `*` for any text. Default: the socket itself. */
  [DOCKER_MACHINE_VARIABLE]: z.string().min(1).optional(),
  [COMMANDS_VARIABLE]: z.literal("run", "must be run, or not set").optional(),
});

/** What is to be made for real. Default: nothing. */
export interface Real {
  readonly docker?: { readonly socket: string; readonly machine: string };
  readonly commands: boolean;
}

/** @throws Error with one sentence when a variable has no value that it may have */
export function readReal(environment: NodeJS.ProcessEnv = process.env): Real {
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const parsed = settingsSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}.`);
  }
  const { [DOCKER_VARIABLE]: socket, [DOCKER_MACHINE_VARIABLE]: machine } = parsed.data;
  return {
    commands: parsed.data[COMMANDS_VARIABLE] === "run",
    ...(socket !== undefined && { docker: { socket, machine: machine ?? socket } }),
  };
}
