/** Cancels many jobs. */
import {
  JobNotFoundError,
  WrongStateError,
  type JobId,
  type JobState,
  type QueueContract,
  type UserId,
} from "@comfymulti/queue";
import { z } from "zod";

/** States that a job can be cancelled in. */
export const unendedStates = ["pending", "running"] as const satisfies readonly JobState[];

export const cancelledSchema = z
  .object({ cancelled: z.number().describe("Jobs that this call cancelled.") })
  .describe("How many.");

/** Jobs that are cancelled at once; Redis writes the log to disk once for many of them. */
const PAGE = 100;

export interface CancelFilter {
  readonly user?: UserId | undefined;
  readonly states: readonly (typeof unendedStates)[number][];
}

/**
 * Cancels every job that waits or runs at the time of the call, page by page. Jobs that come in
 * meanwhile are left, or a user's script that keeps submitting would keep this from ending.
 *
 * @returns how many were cancelled; what ended by itself meanwhile does not count.
 */
export async function cancelAll(
  queue: QueueContract,
  { user, states }: CancelFilter,
): Promise<number> {
  const filter = { states, ...(user !== undefined && { user }) };
  const [newest] = (await queue.list({ ...filter, order: "desc", limit: 1 })).jobs;
  if (!newest) return 0;
  let cancelled = 0;
  for (;;) {
    const page = await queue.list({ ...filter, order: "asc", limit: PAGE });
    const jobs = page.jobs.filter(({ createdAt }) => createdAt <= newest.createdAt);
    if (jobs.length === 0) return cancelled;
    const results = await Promise.all(jobs.map(({ id }) => cancelUnlessEnded(queue, id)));
    cancelled += results.filter(Boolean).length;
  }
}

/** False when the job has ended or gone meanwhile. */
async function cancelUnlessEnded(queue: QueueContract, id: JobId): Promise<boolean> {
  try {
    await queue.cancel(id, undefined);
    return true;
  } catch (error) {
    if (error instanceof JobNotFoundError || error instanceof WrongStateError) return false;
    throw error;
  }
}
