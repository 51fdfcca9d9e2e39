/** ComfyUI's history entry of an ended job. */
import type { Job, JobPayload, JobResult } from "@comfymulti/queue";
import { historyMessages } from "./end-messages.ts";
import { queueItem } from "./queue-item.ts";

/** A job that ran and ended; one cancelled while it waited never enters ComfyUI's history. */
export const isHistory = (job: Job): boolean =>
  job.state === "completed" ||
  job.state === "failed" ||
  (job.state === "cancelled" && job.startedAt !== undefined);

export function executionStatus(job: Job, result: JobResult | undefined) {
  return {
    status_str: job.state === "completed" ? "success" : "error",
    completed: job.state === "completed",
    messages: historyMessages(job, result),
  };
}

export function historyEntry(
  job: Job,
  payload: JobPayload | undefined,
  result: JobResult | undefined,
) {
  return {
    prompt: queueItem(job, payload),
    outputs: result?.outputs ?? {},
    status: executionStatus(job, result),
    meta: result?.meta ?? {},
  };
}
