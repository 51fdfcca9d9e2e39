/** ComfyUI's queue tuple: `[number, prompt_id, prompt, extra_data, outputs_to_execute]`. */
import type { Job, JobPayload, QueueContract } from "@comfymulti/queue";
import { LIST_PAYLOAD_BYTES } from "../limits.ts";

export type QueueItem = readonly [
  number: number,
  promptId: string,
  prompt: Readonly<Record<string, unknown>>,
  extraData: Readonly<Record<string, unknown>>,
  outputsToExecute: readonly string[],
];

/** The tuple of a job; without its payload, the graph is empty and the workflow left out. */
export function queueItem(job: Job, payload: JobPayload | undefined): QueueItem {
  return [
    job.number,
    job.id,
    payload?.prompt ?? {},
    {
      ...payload?.extraData,
      ...(job.clientId === "" ? {} : { client_id: job.clientId }),
      create_time: job.createdAt,
    },
    payload?.outputsToExecute ?? [],
  ];
}

/**
 * Payloads of these jobs, first to last, as long as they fit the listing budget together. A
 * workshop's ordinary graphs all fit, and ComfyUI's frontend can load each from the list; huge
 * ones do not make every refresh slow.
 */
export async function payloadsWithinBudget(
  queue: QueueContract,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, JobPayload>> {
  const payloads = new Map<string, JobPayload>();
  let left = LIST_PAYLOAD_BYTES;
  for (const job of jobs) {
    const payload = await queue.payload(job.id);
    if (!payload) continue;
    left -= Buffer.byteLength(JSON.stringify(payload));
    if (left < 0) break;
    payloads.set(job.id, payload);
  }
  return payloads;
}
