/**
 * Brings a spooled result to its two destinations: files to the queue manager, then the end of the
 * job to the queue. Tries until both took it, the lease is lost, or the process stops; what is left
 * then is delivered at the next start.
 */
import { LeaseLostError } from "@comfymulti/queue";
import type { JobResult, OutputFile, QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";
import pRetry, { AbortError } from "p-retry";
import type { Lease } from "./lease.ts";
import { fileKey, renameFiles } from "./output-files.ts";
import { AttemptRefusedError, OutputRefusedError } from "./queue-manager.ts";
import type { QueueManagerClient } from "./queue-manager.ts";
import type { Ending, SpooledFile } from "./record.ts";
import type { SpoolEntry } from "./spool.ts";

export type DeliveryVerdict = "delivered" | "discarded" | "kept";

export interface DeliveryParts {
  readonly queue: QueueContract;
  readonly queueManager: QueueManagerClient;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** Resolves `kept` only after `signal` is aborted; never rejects for a fault of the other side. */
export async function deliver(
  parts: DeliveryParts,
  entry: SpoolEntry,
  lease: Lease,
  signal: AbortSignal,
): Promise<DeliveryVerdict> {
  const { job, attempt } = lease.holder;
  const log = parts.log.child({ job, attempt });
  const stop = AbortSignal.any([signal, lease.lost]);
  try {
    await pRetry(() => deliverOnce(parts, entry, lease), {
      retries: Number.POSITIVE_INFINITY,
      factor: 2,
      minTimeout: FIRST_RETRY_MS,
      maxTimeout: LONGEST_RETRY_MS,
      randomize: true,
      signal: stop,
      onFailedAttempt: ({ error, attemptNumber }) => {
        log.warn({ err: error, attemptNumber }, "result not delivered yet; it stays in the spool");
      },
    });
    await entry.discard();
    return "delivered";
  } catch (error) {
    if (lease.lost.aborted || isLost(error)) {
      log.warn("result discarded: the job was cancelled, ended, or given to another attempt");
      await entry.discard();
      return "discarded";
    }
    if (!signal.aborted) throw error;
    log.info("result kept in the spool for the next start");
    return "kept";
  } finally {
    lease.stop();
  }
}

async function deliverOnce(parts: DeliveryParts, entry: SpoolEntry, lease: Lease): Promise<void> {
  const { ending } = entry.record;
  if (!ending) throw new AbortError("The spool entry has no ending.");
  try {
    let refused: OutputRefusedError | undefined;
    for (const file of entry.record.files) {
      try {
        await deliverFile(parts.queueManager, entry, file, lease);
      } catch (error) {
        if (!(error instanceof OutputRefusedError)) throw error;
        refused = error;
      }
    }
    for (const message of entry.record.withheld) {
      await parts.queue.publishMessage(lease.holder, renamedMessage(entry, message), false);
      entry.dropFirstWithheld();
    }
    await end(parts.queue, entry, lease, refused ? refusedEnding(ending, refused) : ending);
  } catch (error) {
    if (isLost(error)) throw new AbortError(error as Error);
    throw error;
  }
}

/** Sends one file unless it was sent before. Throws what QueueManagerClient.putOutput throws. */
export async function deliverFile(
  queueManager: QueueManagerClient,
  entry: SpoolEntry,
  file: SpooledFile,
  lease: Lease,
): Promise<void> {
  if (file.delivered) return;
  const stored = await queueManager.putOutput(lease.holder, file.source, entry.bytes(file));
  entry.markDelivered(file.source, stored);
}

/** A message or a result with the user's names of the files that were delivered; others are left out. */
export function renamedMessage<T>(entry: SpoolEntry, value: T): T {
  const names = new Map<string, OutputFile>();
  for (const file of entry.record.files) {
    if (file.delivered) names.set(fileKey(file.source), file.delivered);
  }
  return renameFiles(value, (file) => (file.type === "input" ? file : names.get(fileKey(file))));
}

async function end(
  queue: QueueContract,
  entry: SpoolEntry,
  lease: Lease,
  ending: Ending,
): Promise<void> {
  const named = (result: JobResult): JobResult => ({
    ...result,
    outputs: renamedMessage(entry, result.outputs),
  });
  if (ending.kind === "completed") {
    await queue.complete(lease.holder, named(ending.result));
  } else {
    await queue.fail(lease.holder, ending.failure, ending.result && named(ending.result));
  }
}

const refusedEnding = (ending: Ending, refused: OutputRefusedError): Ending => ({
  kind: "failed",
  failure: { kind: "outputs-missing", message: refused.message },
  ...(ending.result && { result: ending.result }),
});

const isLost = (error: unknown): boolean =>
  error instanceof LeaseLostError || error instanceof AttemptRefusedError;
