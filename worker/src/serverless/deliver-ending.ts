/**
 * Brings a job's files and withheld messages to the queue manager before its ending is answered, so
 * that the answer names the user's own files. Nothing is kept for a next process: a replica's disk
 * goes with it.
 */
import { LeaseLostError } from "@comfymulti/queue";
import type { RemoteEnding } from "@comfymulti/queue";
import pRetry, { AbortError } from "p-retry";
import type { Logger } from "pino";
import type { MessageSink } from "../job-runner/job-messages.ts";
import { deliverFile, renamedMessage } from "../results/delivery.ts";
import type { Lease } from "../results/lease.ts";
import { AttemptRefusedError, OutputRefusedError } from "../results/queue-manager.ts";
import type { QueueManagerClient } from "../results/queue-manager.ts";
import type { Ending } from "../results/record.ts";
import type { SpoolEntry } from "../results/spool.ts";

const RETRIES = {
  retries: Number.POSITIVE_INFINITY,
  factor: 2,
  minTimeout: 500,
  maxTimeout: 10_000,
  randomize: true,
} as const;

export interface EndingParts {
  readonly sink: MessageSink;
  readonly queueManager: QueueManagerClient;
  readonly log: Logger;
}

/**
 * Tries until everything was taken. Throws LeaseLostError or AttemptRefusedError when the attempt no
 * longer holds the job, and the reason of `signal` when that is aborted.
 */
export async function deliverEnding(
  parts: EndingParts,
  entry: SpoolEntry,
  lease: Lease,
  ending: Ending,
  signal: AbortSignal,
): Promise<RemoteEnding> {
  const refused = await pRetry(() => deliverOnce(parts, entry, lease), {
    ...RETRIES,
    signal,
    onFailedAttempt: ({ error, attemptNumber }) => {
      parts.log.warn({ err: error, attemptNumber }, "result not delivered yet");
    },
  });
  const { result } = ending;
  const named = result && { ...result, outputs: renamedMessage(entry, result.outputs) };
  if (refused) {
    const failure = { kind: "outputs-missing" as const, message: refused.message };
    return { kind: "failed", failure, ...(named && { result: named }) };
  }
  if (ending.kind === "failed") return { ...ending, ...(named && { result: named }) };
  return { ...ending, result: { ...ending.result, ...named } };
}

/** Returns the refusal of a file that the queue manager will never take. */
async function deliverOnce(
  { sink, queueManager }: EndingParts,
  entry: SpoolEntry,
  lease: Lease,
): Promise<OutputRefusedError | undefined> {
  let refused: OutputRefusedError | undefined;
  try {
    for (const file of entry.record.files) {
      try {
        await deliverFile(queueManager, entry, file, lease);
      } catch (error) {
        if (!(error instanceof OutputRefusedError)) throw error;
        refused = error;
      }
    }
    for (const message of entry.record.withheld) {
      await sink.publishMessage(lease.holder, renamedMessage(entry, message), false);
      entry.dropFirstWithheld();
    }
  } catch (error) {
    if (error instanceof LeaseLostError || error instanceof AttemptRefusedError) {
      throw new AbortError(error);
    }
    throw error;
  }
  return refused;
}
