/**
 * One claim, from its input files to its ending: stage, submit, relay, collect. Nothing here ends a
 * job in the queue; the outcome says what the worker should do with the claim.
 */
import { randomUUID } from "node:crypto";
import { LeaseLostError } from "@comfymulti/queue";
import type { Claim } from "@comfymulti/queue";
import type { ObjectInfo } from "@comfymulti/workflows";
import type { Logger } from "pino";
import type { HistoryEntry } from "../comfyui/answers.ts";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { emptyGpu } from "../comfyui/empty-gpu.ts";
import {
  ComfyuiAnswerError,
  ComfyuiCrashedError,
  ComfyuiUnreachableError,
  PromptRefusedError,
} from "../comfyui/errors.ts";
import { runPrompt } from "../comfyui/run-prompt.ts";
import type { Lease } from "../results/lease.ts";
import { renameFiles } from "../results/output-files.ts";
import { AttemptRefusedError, QueueManagerUnavailableError } from "../results/queue-manager.ts";
import type { QueueManagerClient } from "../results/queue-manager.ts";
import type { Ending } from "../results/record.ts";
import type { SpoolEntry } from "../results/spool.ts";
import type { VramGuard } from "../vram/vram-guard.ts";
import { endingOf, refusalFailure } from "./failures.ts";
import type { InputCache } from "./input-cache.ts";
import { UnusableInputError, stageInputs, userInput } from "./inputs.ts";
import { JobMessages } from "./job-messages.ts";
import type { MessageSink } from "./job-messages.ts";
import { shownMessages } from "./server-details.ts";
import { TimeLimits, TimedOutError } from "./time-limits.ts";
import type { TimeLimitSettings } from "./time-limits.ts";

/** The worker wants the job stopped: cancelled by its user, or given back because the worker ends. */
export class JobStoppedError extends Error {
  override readonly name = "JobStoppedError";
  readonly kind: "cancelled" | "draining";

  constructor(kind: "cancelled" | "draining") {
    super(kind === "cancelled" ? "The job was cancelled." : "The worker is shutting down.");
    this.kind = kind;
  }
}

/** Other processes hold the GPU memory that the job needs. */
class GpuFullError extends Error {
  override readonly name = "GpuFullError";
  readonly freeMiB: number;

  constructor(reason: string, freeMiB: number) {
    super(reason);
    this.freeMiB = freeMiB;
  }
}

export interface JobParts {
  readonly queue: MessageSink;
  readonly queueManager: QueueManagerClient;
  readonly comfyui: ComfyuiClient;
  readonly objectInfo: ObjectInfo;
  /** See InputParts. */
  readonly inputCache?: InputCache;
  /** Looks for room on the GPU before a submit. Absent: nobody looks. */
  readonly vram?: Pick<VramGuard, "makeRoom">;
  /** ComfyUI does not stop a prompt, so it can take no other; see RunPromptOptions. */
  readonly onStuck?: () => void;
  readonly limits: TimeLimitSettings;
  /** Time-out of one call to ComfyUI, ms. */
  readonly timeoutMs: number;
  /** See RunPromptOptions. */
  readonly reconnectMs?: number;
  readonly log: Logger;
}

export type JobOutcome =
  /** It ran to an end, good or bad: deliver it. */
  | { readonly kind: "ended"; readonly ending: Ending }
  /** It did not run to an end, and not by its own fault: back to the queue. */
  | {
      readonly kind: "given-back";
      readonly reason: string;
      readonly comfyuiGone: boolean;
      /** What was left of the GPU when the job did not fit, MiB. */
      readonly gpuFreeMiB?: number;
    }
  /** Somebody else holds it, or nobody wants it any more. */
  | { readonly kind: "dropped"; readonly reason: string };

/** `signal`: aborted with a JobStoppedError. Never rejects. */
export async function runJob(
  parts: JobParts,
  claim: Claim,
  entry: SpoolEntry,
  lease: Lease,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const limits = new TimeLimits(parts.limits);
  const stop = AbortSignal.any([signal, lease.lost, limits.signal]);
  const messages: JobMessages[] = [];
  try {
    const prompt = await stageInputs(
      { ...parts, holder: lease.holder, directory: entry.path },
      claim,
    );
    await requireRoom(parts, claim, stop);
    const run = () => {
      const own = new JobMessages(parts, claim, entry, lease);
      messages.push(own);
      return runOnce(parts, { claim, prompt, messages: own, limits, stop });
    };
    let ended = await run();
    if (isOutOfMemory(ended)) {
      // Another job's models may have been in the way, or memory in pieces too small.
      parts.log.warn("out of memory: once more on an empty GPU");
      await emptyGpu(parts.comfyui, stop);
      ended = await run();
    }
    lease.lost.throwIfAborted();
    return { kind: "ended", ending: ended };
  } catch (error) {
    for (const each of messages) each.drop();
    return outcomeOf(error, claim, lease, parts.log);
  } finally {
    limits.clear();
  }
}

/** @throws GpuFullError */
async function requireRoom({ vram }: JobParts, { job }: Claim, stop: AbortSignal): Promise<void> {
  if (!vram || job.vramMiB === 0) return;
  const verdict = await vram.makeRoom(job.vramMiB, stop);
  if (verdict.kind === "full") throw new GpuFullError(verdict.reason, verdict.freeMiB);
}

interface Run {
  readonly claim: Claim;
  /** With its input files in place. */
  readonly prompt: Claim["payload"]["prompt"];
  readonly messages: JobMessages;
  readonly limits: TimeLimits;
  readonly stop: AbortSignal;
}

/** From the submit to the ending. Throws whatever keeps it from an ending of its own. */
async function runOnce(
  parts: JobParts,
  { claim, prompt, messages, limits, stop }: Run,
): Promise<Ending> {
  const history = await runPrompt(
    parts.comfyui,
    {
      promptId: claim.job.id,
      // Never the same twice: ComfyUI confuses two sockets with one clientId.
      clientId: randomUUID(),
      prompt,
      extraData: claim.payload.extraData,
      outputs: claim.payload.outputsToExecute,
    },
    {
      onMessage: (message) => {
        limits.progress();
        messages.relay(message);
      },
      onFrame: (frame) => messages.relayFrame(frame),
      signal: stop,
      timeoutMs: parts.timeoutMs,
      ...(parts.onStuck && { onStuck: parts.onStuck }),
      ...(parts.reconnectMs !== undefined && { reconnectMs: parts.reconnectMs }),
    },
  );
  await messages.finish(history);
  // ComfyUI's cache would name the missing file again at the next run.
  if (messages.missing.length > 0) await parts.comfyui.free(false, true);
  return ending(messages, history, claim);
}

const isOutOfMemory = (end: Ending): boolean =>
  end.kind === "failed" && end.failure.kind === "out-of-memory";

function ending(messages: JobMessages, history: HistoryEntry, claim: Claim): Ending {
  const result = {
    outputs: renameFiles(history.outputs, (file) =>
      file.type === "input" ? userInput(claim.job.user, file) : file,
    ),
    meta: history.meta,
    messages: shownMessages(history.status.messages),
  };
  const end = endingOf(history, result);
  const [missing] = messages.missing;
  if (end.kind === "failed" || missing === undefined) return end;
  const message = `The job ran, but its output ${missing} could not be read from the worker. Run it again.`;
  return { kind: "failed", failure: { kind: "outputs-missing", message }, result };
}

function outcomeOf(error: unknown, claim: Claim, lease: Lease, log: Logger): JobOutcome {
  if (lease.lost.aborted || error instanceof LeaseLostError) {
    return { kind: "dropped", reason: "the lease was lost" };
  }
  if (error instanceof AttemptRefusedError) return { kind: "dropped", reason: error.message };
  if (error instanceof JobStoppedError) {
    return error.kind === "cancelled"
      ? { kind: "dropped", reason: error.message }
      : { kind: "given-back", reason: error.message, comfyuiGone: false };
  }
  if (error instanceof TimedOutError) return failed("timed-out", error.message);
  if (error instanceof GpuFullError) {
    const { message: reason, freeMiB: gpuFreeMiB } = error;
    return { kind: "given-back", reason, comfyuiGone: false, gpuFreeMiB };
  }
  if (error instanceof PromptRefusedError) {
    return { kind: "ended", ending: { kind: "failed", failure: refusalFailure(error.refusal) } };
  }
  if (error instanceof UnusableInputError) {
    const { message, nodeId, nodeType } = error;
    const failure = { kind: "graph-refused" as const, message, nodeId, nodeType };
    return { kind: "ended", ending: { kind: "failed", failure } };
  }
  if (error instanceof QueueManagerUnavailableError) {
    log.warn({ err: error }, "inputs could not be fetched");
    return { kind: "given-back", reason: error.message, comfyuiGone: false };
  }
  log.error({ err: error }, "the job broke off");
  if (error instanceof ComfyuiUnreachableError) {
    return { kind: "given-back", reason: "ComfyUI was not there", comfyuiGone: true };
  }
  // The queue tries these again, as often as it allows, and tells the participant after the last.
  if (error instanceof ComfyuiCrashedError || error instanceof ComfyuiAnswerError) {
    const message =
      "ComfyUI crashed while it ran this job, each time it was tried. Change the graph, or ask the host.";
    return failed("comfyui-crashed", message);
  }
  return failed("worker-lost", "The worker failed each time it ran this job. Ask the host.");
}

const failed = (
  kind: "timed-out" | "comfyui-crashed" | "worker-lost",
  message: string,
): JobOutcome => ({ kind: "ended", ending: { kind: "failed", failure: { kind, message } } });
