/**
 * A worker that is called instead of claiming: one job at a time, run as every worker runs it, told
 * of over HTTP. Its lease is the request: when that closes, or the queue manager says that another
 * attempt holds the job, ComfyUI is interrupted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseLostError, replicaFactsSchema } from "@comfymulti/queue";
import type { RemoteJob, RemoteJobEvent, ReplicaFacts } from "@comfymulti/queue";
import type { Logger } from "pino";
import { ComfyuiClient } from "../comfyui/client.ts";
import { waitForComfyui } from "../comfyui/start-up.ts";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import { InputCache } from "../job-runner/input-cache.ts";
import { JobStoppedError, runJob } from "../job-runner/run-job.ts";
import type { JobOutcome } from "../job-runner/run-job.ts";
import { Lease } from "../results/lease.ts";
import { AttemptRefusedError, QueueManagerClient } from "../results/queue-manager.ts";
import { Spool } from "../results/spool.ts";
import type { SpoolEntry } from "../results/spool.ts";
import { VramGuard } from "../vram/vram-guard.ts";
import { workerInfo } from "../worker/worker-info.ts";
import { deliverEnding } from "./deliver-ending.ts";
import { GatewaySink } from "./gateway-sink.ts";
import type { ServerlessOptions } from "./options.ts";

/** After SIGTERM a provider waits 30 s: this much for ComfyUI to let go of the job, ms, … */
const STOP_MS = 5_000;
/** … and this much for a result that is being delivered, ms. */
const DELIVERY_MS = 20_000;

export interface ReplicaHealth {
  readonly status: "starting" | "idle" | "running" | "draining";
  readonly comfyuiVersion: string | undefined;
  readonly job: string | undefined;
}

/** The ending of a job for the dispatcher. */
type FinalEvent = Exclude<RemoteJobEvent, { kind: "started" | "running" }>;

/** A job on this replica, and its clients. */
interface Run {
  readonly remote: RemoteJob;
  readonly facts: ComfyuiFacts;
  readonly entry: SpoolEntry;
  readonly lease: Lease;
  readonly queueManager: QueueManagerClient;
  readonly sink: GatewaySink;
  readonly log: Logger;
}

export class Replica {
  readonly #options: ServerlessOptions;
  readonly #log: Logger;
  readonly #comfyui: ComfyuiClient;
  readonly #spool: Spool;
  readonly #vram: VramGuard;
  readonly #inputCache = new InputCache();
  readonly #draining = new AbortController();
  #facts: ComfyuiFacts | undefined;
  #waiting: Promise<void> | undefined;
  #current: { readonly job: string; readonly done: Promise<FinalEvent> } | undefined;

  constructor(options: ServerlessOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#comfyui = new ComfyuiClient(options.comfyuiUrl, options.timeoutMs);
    this.#spool = new Spool(options.spoolDirectory);
    const { visibleDevices, vramWaitMs: waitMs } = options;
    this.#vram = new VramGuard({
      ...{ comfyui: this.#comfyui, log, waitMs },
      ...(visibleDevices !== undefined && { visibleDevices }),
    });
  }

  /** Resolves when jobs can be run, or when it is closed meanwhile. Throws ComfyuiUnreachableError. */
  async start(): Promise<void> {
    await this.#spool.leftovers((entry, why) => {
      this.#log.info({ entry, why }, "spool entry of an earlier process removed");
    });
    const { signal } = this.#draining;
    try {
      this.#facts = await waitForComfyui(this.#comfyui, this.#options.startupMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** True when a job would be taken now. */
  get ready(): boolean {
    return this.#facts !== undefined && !this.#draining.signal.aborted;
  }

  facts(): ReplicaFacts | undefined {
    if (!this.#facts) return undefined;
    const info = workerInfo({ ...this.#options, name: "replica" }, this.#facts, []);
    return replicaFactsSchema.parse({ info, objectInfoJson: this.#facts.objectInfoJson });
  }

  /** Notices an idle ComfyUI that went away. A computing one may be slow to answer: its job tells. */
  async health(): Promise<ReplicaHealth> {
    if (this.#facts && !this.busy) {
      await this.#comfyui.systemStats().catch(() => {
        if (!this.busy) this.#awaitComfyui();
      });
    }
    const working = this.busy ? "running" : "idle";
    const up = this.#facts ? working : "starting";
    return {
      status: this.#draining.signal.aborted ? "draining" : up,
      comfyuiVersion: this.#facts?.stats.system.comfyui_version,
      job: this.#current?.job,
    };
  }

  /**
   * Runs a job; call it only when `ready` and not `busy`. `closed`: nobody waits for the answer any
   * more. The job's fingerprint of object_info is that of `facts`. Never rejects.
   */
  run(remote: RemoteJob, closed: AbortSignal): Promise<FinalEvent> {
    const done = this.#run(remote, closed);
    this.#current = { job: remote.claim.job.id, done };
    return done;
  }

  /** Takes no more jobs, gives the running one back, or lets its result be delivered for 20 s. */
  async close(): Promise<void> {
    this.#draining.abort(new JobStoppedError("draining"));
    await this.#current?.done;
    await this.#waiting;
    await this.#comfyui.close();
  }

  async #run(remote: RemoteJob, closed: AbortSignal): Promise<FinalEvent> {
    const { worker, claim, token } = remote;
    const { queueManagerUrl, timeoutMs } = this.#options;
    const holder = { worker, job: claim.job.id, attempt: claim.attempt };
    const log = this.#log.child({ ...holder, user: claim.job.user });
    // The dispatcher keeps the lease; its request stays open for as long as it does.
    const lease = new Lease({ heartbeat: () => Promise.resolve() }, holder, claim.leaseMs, log);
    const lose = () => lease.lose(new LeaseLostError("the request was closed"));
    closed.addEventListener("abort", lose, { once: true });
    if (closed.aborted) lose();
    const queueManager = new QueueManagerClient(queueManagerUrl, token, timeoutMs);
    const sink = new GatewaySink(queueManagerUrl, token, timeoutMs);
    let entry: SpoolEntry | undefined;
    try {
      if (!this.#facts) throw new Error("ComfyUI does not answer.");
      entry = await this.#spool.create(holder, claim.leaseMs);
      const run = { remote, facts: this.#facts, entry, lease, queueManager, sink, log };
      log.info("job started");
      const event = await this.#finish(run, await this.#outcome(run));
      log.info({ event: event.kind }, "job ended");
      return event;
    } catch (error) {
      log.error({ err: error }, "the replica could not run the job");
      return { kind: "given-back", reason: "The replica failed." };
    } finally {
      lease.stop();
      closed.removeEventListener("abort", lose);
      await Promise.all([queueManager.close(), sink.close(), entry?.discard()]).catch(() => {});
      this.#current = undefined;
    }
  }

  /** Does not wait long for ComfyUI once the replica has to go. */
  async #outcome({ remote, facts, entry, lease, queueManager, sink, log }: Run) {
    const parts = {
      ...this.#options,
      queue: sink,
      queueManager,
      comfyui: this.#comfyui,
      objectInfo: facts.objectInfo,
      vram: this.#vram,
      inputCache: this.#inputCache,
      limits: remote.limits,
      log,
    };
    const { signal } = this.#draining;
    const late = after(signal, STOP_MS);
    const gone: Promise<JobOutcome> = late.promise.then(() => {
      const { message } = new JobStoppedError("draining");
      return { kind: "given-back", reason: message, comfyuiGone: false };
    });
    try {
      return await Promise.race([runJob(parts, remote.claim, entry, lease, signal), gone]);
    } finally {
      late.cancel();
    }
  }

  async #finish(run: Run, outcome: JobOutcome): Promise<FinalEvent> {
    if (outcome.kind === "given-back") {
      if (outcome.comfyuiGone) this.#awaitComfyui();
      return { kind: "given-back", reason: outcome.reason };
    }
    if (outcome.kind === "dropped") return outcome;
    const { ending } = outcome;
    if (ending.kind === "failed" && ending.failure.kind === "comfyui-crashed") this.#awaitComfyui();
    const { entry, lease, queueManager } = run;
    const late = after(this.#draining.signal, DELIVERY_MS);
    const giveUp = new AbortController();
    const stop = () => {
      giveUp.abort();
      // Ends an upload that is under way.
      void queueManager.close();
    };
    lease.lost.addEventListener("abort", stop, { once: true });
    if (lease.lost.aborted) stop();
    void late.promise.then(stop);
    try {
      return {
        kind: "ended",
        ending: await deliverEnding(run, entry, lease, ending, giveUp.signal),
      };
    } catch (error) {
      const refused = error instanceof LeaseLostError || error instanceof AttemptRefusedError;
      if (refused || lease.lost.aborted) {
        return { kind: "dropped", reason: "The lease was lost." };
      }
      run.log.warn({ err: error }, "the result could not be delivered");
      return { kind: "given-back", reason: "The replica ended before its result was delivered." };
    } finally {
      late.cancel();
    }
  }

  /** Takes no job until ComfyUI answers again. */
  #awaitComfyui(): void {
    this.#facts = undefined;
    const { signal } = this.#draining;
    this.#waiting ??= waitForComfyui(this.#comfyui, Number.POSITIVE_INFINITY, signal)
      .then((facts) => {
        this.#facts = facts;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#log.error({ err: error }, "waiting for ComfyUI ended");
      })
      .finally(() => {
        this.#waiting = undefined;
      });
  }
}

/** A promise that resolves this long after the signal was aborted, unless it is cancelled before. */
function after(signal: AbortSignal, ms: number): { promise: Promise<void>; cancel: () => void } {
  const cancelled = new AbortController();
  const promise = new Promise<void>((resolve) => {
    const begin = () => {
      sleep(ms, undefined, { signal: cancelled.signal }).then(resolve, () => undefined);
    };
    if (signal.aborted) begin();
    else signal.addEventListener("abort", begin, { once: true, signal: cancelled.signal });
  });
  return { promise, cancel: () => cancelled.abort() };
}
