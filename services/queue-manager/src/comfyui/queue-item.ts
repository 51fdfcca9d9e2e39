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
 * Payloads of these jobs, first to last, as long as they fit the listing budget together; one that
 * does not fit is passed over unread. A workshop's ordinary graphs fit, and ComfyUI's frontend can
 * load each from the list; huge ones do not make every refresh slow.
 */
export async function payloadsWithinBudget(
  queue: QueueContract,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, JobPayload>> {
  let left = LIST_PAYLOAD_BYTES;
  const carried = jobs.filter(({ payloadBytes }) => {
    if (payloadBytes > left) return false;
    left -= payloadBytes;
    return true;
  });
  // All at once: the commands travel in one go.
  const payloads = await Promise.all(carried.map(({ id }) => queue.payload(id)));
  const found = new Map<string, JobPayload>();
  carried.forEach(({ id }, index) => {
    const payload = payloads[index];
    if (payload) found.set(id, payload);
  });
  return found;
}
