/**
 * One claim in this worker, from its lease to its end: the run, its figures, and the delivery of the
 * result or the way back to the queue.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";
import type { ComfyuiClient } from "../comfyui/client.ts";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import type { WorkerMetrics } from "../health/metrics.ts";
import type { InputCache } from "../job-runner/input-cache.ts";
import { runJob } from "../job-runner/run-job.ts";
import type { JobOutcome } from "../job-runner/run-job.ts";
import type { Deliveries } from "../results/deliveries.ts";
import { Lease } from "../results/lease.ts";
import type { QueueManagerClient } from "../results/queue-manager.ts";
import type { Spool } from "../results/spool.ts";
import type { VramGuard } from "../vram/vram-guard.ts";
import { VramMeter } from "../vram/vram-meter.ts";
import type { WorkerOptions } from "./options.ts";
import { releaseClaim } from "./release-claim.ts";

/** A delivery that takes longer goes on beside the next job. */
export const DELIVERY_WAIT_MS = 5_000;

export interface ClaimParts {
  readonly options: WorkerOptions;
  readonly queue: QueueContract;
  readonly queueManager: QueueManagerClient;
  readonly comfyui: ComfyuiClient;
  readonly spool: Spool;
  readonly deliveries: Deliveries;
  readonly inputCache: InputCache;
  readonly vram: VramGuard;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  /** See JobParts. */
  readonly onStuck: () => void;
}

/** `stop`: aborted with a JobStoppedError. Throws when this machine's disk fails; the job is given back. */
export async function workClaim(
  parts: ClaimParts,
  claim: Claim,
  facts: ComfyuiFacts,
  stop: AbortSignal,
): Promise<JobOutcome> {
  const { options, queue, spool, metrics, vram, deliveries } = parts;
  const { job, attempt, leaseMs } = claim;
  const log = parts.log.child({ job: job.id, user: job.user, attempt });
  const holder = { worker: options.name, job: job.id, attempt };
  const lease = new Lease(queue, holder, leaseMs, log);
  const meter = new VramMeter(() => vram.present());
  const started = Date.now();
  try {
    const entry = await spool.create(holder, leaseMs);
    log.info("job started");
    meter.start();
    const jobParts = { ...options, ...parts, objectInfo: facts.objectInfo, log };
    const outcome = await runJob(jobParts, claim, entry, lease, stop);
    const ms = Date.now() - started;
    const peakMiB = meter.stop();
    metrics.jobEnded(outcomeName(outcome), ms / 1000);
    if (peakMiB !== undefined) metrics.vramPeak(peakMiB);
    log.info({ outcome: describe(outcome), ms, peakMiB }, "job left ComfyUI");

    if (outcome.kind === "ended") {
      if (outcome.ending.kind === "completed" && peakMiB !== undefined) {
        await notePeak(parts, claim, peakMiB);
      }
      await entry.finish(outcome.ending);
      const delivered = deliveries.add(entry, lease);
      await Promise.race([delivered, sleep(DELIVERY_WAIT_MS, undefined, { ref: false })]);
      return outcome;
    }
    lease.stop();
    await entry.discard();
    if (outcome.kind === "given-back") await releaseClaim(queue, holder, outcome.reason, log);
    return outcome;
  } catch (error) {
    // This machine's disk failed: the job has done nothing wrong.
    lease.stop();
    await releaseClaim(queue, holder, "The worker's disk failed.", log);
    throw error;
  } finally {
    meter.stop();
  }
}

/** Estimates can do without one peak; a result can't wait for it. */
async function notePeak({ queue, log }: ClaimParts, { job }: Claim, peakMiB: number) {
  await queue.noteVramPeak(job.models, peakMiB).catch((error: unknown) => {
    log.warn({ err: error }, "the peak of GPU memory could not be noted");
  });
}

const outcomeName = (outcome: JobOutcome): string => {
  if (outcome.kind !== "ended") return outcome.kind;
  return outcome.ending.kind === "completed" ? "completed" : outcome.ending.failure.kind;
};

const describe = (outcome: JobOutcome): string =>
  outcome.kind === "ended" ? outcomeName(outcome) : `${outcome.kind}: ${outcome.reason}`;
