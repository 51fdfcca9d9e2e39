import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import {
  groupMembers,
  identify,
  isRunning,
  processIdentitySchema,
  signal,
  waitUntil,
} from "./process-identity.ts";

/**
 * A supervisor that is killed leaves its services running. It therefore records their identities
 * (never their specs: those hold secrets), and the next supervisor, or a sweep, ends exactly them.
 */
export const recordSchema = z.strictObject({
  name: z.string(),
  identity: processIdentitySchema,
});
export type ServiceRecord = z.infer<typeof recordSchema>;

/** Set in every service's environment to the data directory of its supervisor. */
export const SUPERVISED_BY = "COMFYMULTI_SUPERVISED_BY";

const GRACE_MILLISECONDS = 5_000;

/** Replaces the records by these, in one step: a reader sees the old or the new file whole. */
export function writeRecords(file: string, records: readonly ServiceRecord[]): void {
  writeFileSync(`${file}.new`, JSON.stringify(records), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What a supervisor recorded; empty when there is no record or it can't be read. */
export function readRecords(file: string): ServiceRecord[] {
  try {
    return z.array(recordSchema).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return [];
  }
}

/**
 * Ends the recorded services that still run, and what is left of their process groups. A process
 * that only reuses a recorded pid is left alone. Returns what was found.
 */
export async function endLeftovers(
  file: string,
  dataDirectory: string,
): Promise<{ name: string; pid: number }[]> {
  const records = readRecords(file);
  const ended = await Promise.all(records.map((record) => endOne(record, dataDirectory)));
  return ended.flat();
}

async function endOne({ name, identity }: ServiceRecord, dataDirectory: string) {
  const found: { name: string; pid: number }[] = [];
  if (isRunning(identity)) {
    found.push({ name, pid: identity.pid });
    signal(identity.pid, "SIGTERM");
    await waitUntil(() => !isRunning(identity), GRACE_MILLISECONDS);
    if (isRunning(identity)) signal(-identity.pid, "SIGKILL");
    await waitUntil(() => !isRunning(identity), GRACE_MILLISECONDS);
  }
  // The leader is gone, so its pid proves nothing about the group any more; the mark does.
  for (const pid of groupMembers(identity.pid, SUPERVISED_BY, dataDirectory)) {
    if (pid !== identity.pid) found.push({ name, pid });
    signal(pid, "SIGKILL");
    await waitUntil(() => identify(pid) === undefined, GRACE_MILLISECONDS);
  }
  return found;
}
