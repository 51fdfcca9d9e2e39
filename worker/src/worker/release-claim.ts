/** Gives a job back to the queue; when the queue can't be told, the lease's end tells it. */
import { LeaseLostError } from "@comfymulti/queue";
import type { Holder, QueueContract } from "@comfymulti/queue";
import pRetry from "p-retry";
import type { Logger } from "pino";

export async function releaseClaim(
  queue: QueueContract,
  holder: Holder,
  reason: string,
  log: Logger,
): Promise<void> {
  try {
    await pRetry(() => queue.release(holder, reason), {
      retries: 3,
      minTimeout: 200,
      randomize: true,
      shouldRetry: ({ error }) => !(error instanceof LeaseLostError),
    });
    log.info({ reason }, "job given back to the queue");
  } catch (error) {
    log.warn({ err: error }, "job could not be given back; its lease will run out");
  }
}
