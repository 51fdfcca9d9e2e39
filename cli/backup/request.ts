/** Asks a stack's backup service for a backup now, and waits for it. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { VisibleError } from "../visible-error.ts";
import type { BackupPlace } from "./place.ts";

/** Of services/backup/status.sh; times are seconds since 1970. */
const statusSchema = z.object({
  state: z.enum(["waiting", "running", "done", "failed"]),
  request: z.string(),
  message: z.string(),
  snapshot: z.string(),
  seconds: z.coerce.number(),
  bytes: z.coerce.number(),
  added_bytes: z.coerce.number(),
});

export interface MadeBackup {
  readonly snapshot: string;
  readonly seconds: number;
  /** What it holds, and what of it the repository did not have yet. */
  readonly bytes: number;
  readonly addedBytes: number;
}

const LOOK_MS = 1_000;

/**
 * @param stackState The stack as `pulumi stack export` prints it, with its secrets encrypted.
 * @throws VisibleError when the backup fails, or nobody is there to make it
 */
export async function requestBackup(
  stackName: string,
  place: BackupPlace,
  stackState: string | undefined,
): Promise<MadeBackup> {
  const id = randomUUID();
  await requireServing(stackName, place);
  if (stackState !== undefined) await place.write("inbox/stack.json", stackState);
  await place.write("request", id);
  for (;;) {
    const status = parseStatus((await place.read("status")) ?? "");
    if (status?.request === id && status.state === "failed") throw new VisibleError(status.message);
    if (status?.request === id && status.state === "done") {
      const { snapshot, seconds, bytes, added_bytes: addedBytes } = status;
      return { snapshot, seconds, bytes, addedBytes };
    }
    await requireServing(stackName, place);
    await pause(LOOK_MS);
  }
}

async function requireServing(stackName: string, place: BackupPlace): Promise<void> {
  if (await place.isServing()) return;
  throw new VisibleError(
    `The backup service of stack ${stackName} does not run: look at it with npx comfymulti status ${stackName}, and bring it up with npx comfymulti up ${stackName}.`,
  );
}

function parseStatus(text: string) {
  const lines = text.split("\n").map((line) => {
    const end = line.indexOf("=");
    return [line.slice(0, end), line.slice(end + 1)];
  });
  return statusSchema.safeParse(Object.fromEntries(lines)).data;
}
