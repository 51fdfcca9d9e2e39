/** Waits for the jobs that were accepted; what has not ended in time is cancelled, and told. */
import { setTimeout as pause } from "node:timers/promises";
import type { Gateway, UnendedJob } from "../gateway.ts";

const LOOK_EVERY_MS = 1_000;
/** A cancelled job leaves the queue at once. */
const CANCEL_PATIENCE_MS = 30_000;

export interface WaitOptions {
  readonly gateway: Pick<Gateway, "unended" | "unendedJobs" | "cancelJobs">;
  /** When patience ends, ms since the epoch. */
  readonly until: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** @returns the jobs that were cancelled */
export async function waitForJobs({
  gateway,
  until,
  signal,
  tell,
}: WaitOptions): Promise<UnendedJob[]> {
  if (await emptied(gateway, until, signal, tell)) return [];
  const jobs = await gateway.unendedJobs();
  tell(`patience is over: cancelling ${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}`);
  await gateway.cancelJobs();
  if (!(await emptied(gateway, Date.now() + CANCEL_PATIENCE_MS, signal, tell))) {
    throw new Error("the queue is not empty although all its jobs were cancelled");
  }
  return jobs;
}

async function emptied(
  gateway: WaitOptions["gateway"],
  until: number,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<boolean> {
  let told = "";
  for (;;) {
    const { pending, running } = await gateway.unended();
    if (pending + running === 0) return true;
    const now = `${running} running, ${pending} waiting`;
    if (now !== told) tell(now);
    told = now;
    if (Date.now() >= until) return false;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
