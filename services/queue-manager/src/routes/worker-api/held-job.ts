/** A worker touches files of a job only while its attempt holds that job. */
import type { Job, QueueContract } from "@comfymulti/queue";
import { errors } from "../../errors.ts";

/** The job, if this worker's attempt holds it now. Throws 409 else. */
export async function heldJob(
  queue: QueueContract,
  holder: { readonly worker: string; readonly job: string; readonly attempt: number },
): Promise<Job> {
  const job = await queue.job(holder.job);
  const holds =
    job?.state === "running" && job.attempt === holder.attempt && job.worker === holder.worker;
  if (!holds) throw errors.leaseLost();
  return job;
}
