/**
 * The worker's life: wait for ComfyUI, register, claim one job after another, and end without losing
 * one. Claims are waited for in the queue, never polled.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, ControlMessage, QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";
import { ComfyuiClient } from "../comfyui/client.ts";
import { ComfyuiUnreachableError } from "../comfyui/errors.ts";
import { waitForComfyui } from "../comfyui/start-up.ts";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import type { Health } from "../health/health-server.ts";
import { JobStoppedError, runJob } from "../job-runner/run-job.ts";
import type { JobOutcome } from "../job-runner/run-job.ts";
import { Deliveries } from "../results/deliveries.ts";
import { Lease } from "../results/lease.ts";
import { QueueManagerClient } from "../results/queue-manager.ts";
import { Spool } from "../results/spool.ts";
import { readVram } from "../vram/vram.ts";
import type { WorkerOptions } from "./options.ts";
import { releaseClaim } from "./release-claim.ts";
import { workerInfo } from "./worker-info.ts";

interface CurrentJob {
  readonly claim: Claim;
  readonly stop: AbortController;
}

/** A delivery that takes longer goes on beside the next job. */
const DELIVERY_WAIT_MS = 5_000;
/** Pause after something went wrong that the next try may meet again: 1 to 3 s. */
const pauseMs = (): number => 1_000 + Math.random() * 2_000;

export class Worker {
  /** Resolves when no more jobs are claimed and none runs. Never rejects. */
  finished: Promise<void> = Promise.resolve();
  readonly #options: WorkerOptions;
  readonly #queue: QueueContract;
  readonly #log: Logger;
  readonly #comfyui: ComfyuiClient;
  readonly #queueManager: QueueManagerClient;
  readonly #spool: Spool;
  readonly #deliveries: Deliveries;
  /** Aborted when no more jobs may be claimed. */
  readonly #draining = new AbortController();
  #facts: ComfyuiFacts | undefined;
  /** Aborted when a wait for work must end for another reason than work. */
  #wake = new AbortController();
  #current: CurrentJob | undefined;
  /** Model files of the last job: ComfyUI keeps them loaded, and does not tell. */
  #loadedModels: readonly string[] = [];
  #registered = false;
  #problem: string | undefined = "The worker is starting.";
  #unsubscribe: (() => Promise<void>) | undefined;
  #reporter: NodeJS.Timeout | undefined;

  constructor(queue: QueueContract, options: WorkerOptions, log: Logger) {
    this.#options = options;
    this.#queue = queue;
    this.#log = log;
    this.#comfyui = new ComfyuiClient(options.comfyuiUrl, options.timeoutMs);
    this.#queueManager = new QueueManagerClient(
      options.queueManagerUrl,
      options.queueManagerToken,
      options.timeoutMs,
    );
    this.#spool = new Spool(options.spoolDirectory);
    this.#deliveries = new Deliveries({ queue, queueManager: this.#queueManager, log });
  }

  /**
   * Takes up the spool, waits for ComfyUI and begins to claim. Returns early when it is drained
   * meanwhile. Throws ComfyuiUnreachableError when ComfyUI does not answer within its start-up window.
   */
  async start(): Promise<void> {
    await this.#deliveries.resume(this.#spool, this.#queue);
    const stop = this.#draining.signal;
    try {
      this.#facts = await waitForComfyui(this.#comfyui, this.#options.startupMs, stop);
    } catch (error) {
      if (!isAborted(stop)) throw error;
    }
    if (isAborted(stop)) return;
    this.#reporter = setInterval(() => void this.#report(), this.#options.leaseMs / 3);
    this.finished = this.#claimJobs();
  }

  health(): Health {
    return {
      status: this.#status(),
      comfyuiVersion: this.#facts?.stats.system.comfyui_version,
      job: this.#current?.claim.job.id,
      undelivered: this.#deliveries.waiting,
      problem: this.#problem,
    };
  }

  /** Claims no more; a running job goes on to its end. */
  drain(): void {
    this.#draining.abort(new JobStoppedError("draining"));
    void this.#report();
  }

  /** Drains for `drainMs`, gives a job that still runs back, delivers what it can, unregisters. */
  async close(): Promise<void> {
    this.drain();
    const { drainMs, name } = this.#options;
    const patience = setTimeout(() => {
      this.#current?.stop.abort(new JobStoppedError("draining"));
    }, drainMs);
    await this.finished;
    clearTimeout(patience);
    clearInterval(this.#reporter);
    await this.#deliveries.close(DELIVERY_WAIT_MS);
    try {
      await this.#unsubscribe?.();
      if (this.#registered) await this.#queue.unregisterWorker(name);
    } catch (error) {
      this.#log.warn({ err: error }, "could not unregister; the queue will notice the silence");
    }
    await this.#queueManager.close();
    await this.#comfyui.close();
  }

  #status(): Health["status"] {
    if (this.#draining.signal.aborted) return "draining";
    if (this.#current) return "running";
    return this.#registered ? "idle" : "starting";
  }

  async #claimJobs(): Promise<void> {
    const stop = this.#draining.signal;
    while (!stop.aborted) {
      try {
        const facts = await this.#ready(stop);
        await this.#deliveries.room(stop);
        const claim = await this.#nextClaim(facts, stop);
        if (claim) await this.#work(claim, facts);
      } catch (error) {
        if (isAborted(stop)) break;
        this.#problem = error instanceof Error ? error.message : "unknown";
        this.#log.error({ err: error }, "can't claim jobs at the moment");
        await sleep(pauseMs(), undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }

  /** ComfyUI answers and the queue knows this worker, with the object_info of now. */
  async #ready(stop: AbortSignal): Promise<ComfyuiFacts> {
    if (!this.#facts) {
      this.#registered = false;
      this.#loadedModels = [];
      this.#problem = "ComfyUI does not answer.";
      this.#log.warn("waiting for ComfyUI");
      this.#facts = await waitForComfyui(this.#comfyui, Number.POSITIVE_INFINITY, stop);
    }
    if (!this.#registered) {
      const { name } = this.#options;
      this.#unsubscribe ??= await this.#queue.onControl(name, (order) => this.#obey(order));
      const info = workerInfo(this.#options, this.#facts, this.#loadedModels);
      await this.#queue.registerWorker(info, this.#facts.objectInfoJson);
      this.#registered = true;
      const { comfyuiVersion, gpu, vramTotalMiB, simulated } = info;
      this.#log.info({ comfyuiVersion, gpu, vramTotalMiB, simulated }, "worker registered");
    }
    this.#problem = undefined;
    return this.#facts;
  }

  /** Waits until a job is claimed, or something else needs attention. */
  async #nextClaim(facts: ComfyuiFacts, stop: AbortSignal): Promise<Claim | undefined> {
    const { claimableMiB } = readVram(facts.stats, this.#options.vramMiB);
    this.#wake = new AbortController();
    const claim = await this.#queue.claim(this.#options.name, claimableMiB, this.#loadedModels);
    if (!claim) await this.#queue.waitForWork(AbortSignal.any([stop, this.#wake.signal]));
    return claim;
  }

  async #work(claim: Claim, facts: ComfyuiFacts): Promise<void> {
    const { job, attempt, leaseMs } = claim;
    const log = this.#log.child({ job: job.id, user: job.user, attempt });
    const holder = { worker: this.#options.name, job: job.id, attempt };
    const lease = new Lease(this.#queue, holder, leaseMs, log);
    const current = { claim, stop: new AbortController() };
    if (this.#draining.signal.aborted) current.stop.abort(new JobStoppedError("draining"));
    this.#current = current;
    void this.#report();
    const started = Date.now();
    try {
      const entry = await this.#spool.create(holder, leaseMs);
      const parts = {
        ...this.#options,
        queue: this.#queue,
        queueManager: this.#queueManager,
        comfyui: this.#comfyui,
        objectInfo: facts.objectInfo,
        log,
      };
      log.info("job started");
      const outcome = await runJob(parts, claim, entry, lease, current.stop.signal);
      this.#rememberModels(claim, outcome);
      log.info({ outcome: describe(outcome), ms: Date.now() - started }, "job left ComfyUI");
      if (outcome.kind === "ended") {
        const { ending } = outcome;
        const crashed = ending.kind === "failed" && ending.failure.kind === "comfyui-crashed";
        if (crashed) this.#facts = undefined;
        await entry.finish(ending);
        const delivered = this.#deliveries.add(entry, lease);
        await Promise.race([delivered, sleep(DELIVERY_WAIT_MS, undefined, { ref: false })]);
        return;
      }
      lease.stop();
      await entry.discard();
      if (outcome.kind === "given-back") await this.#giveBack(outcome, lease, log);
    } catch (error) {
      // This machine's disk failed: the job has done nothing wrong.
      lease.stop();
      await releaseClaim(this.#queue, holder, "The worker's disk failed.", log);
      throw error;
    } finally {
      this.#current = undefined;
    }
  }

  /** A job without models leaves the others' where they are; a failure leaves nothing to rely on. */
  #rememberModels({ job }: Claim, outcome: JobOutcome): void {
    if (outcome.kind !== "ended" || outcome.ending.kind === "failed") this.#loadedModels = [];
    else if (job.models.length > 0) this.#loadedModels = job.models;
  }

  async #giveBack(
    outcome: JobOutcome & { kind: "given-back" },
    lease: Lease,
    log: Logger,
  ): Promise<void> {
    await releaseClaim(this.#queue, lease.holder, outcome.reason, log);
    if (outcome.comfyuiGone) {
      this.#facts = undefined;
    } else {
      const signal = this.#draining.signal;
      await sleep(pauseMs(), undefined, { signal }).catch(() => undefined);
    }
  }

  #obey(order: ControlMessage): void {
    this.#log.info({ order }, "order received");
    switch (order.kind) {
      case "interrupt": {
        const claim = this.#current?.claim;
        if (claim?.job.id === order.job && claim.attempt === order.attempt) {
          this.#current?.stop.abort(new JobStoppedError("cancelled"));
        }
        break;
      }
      case "drain":
        this.drain();
        break;
      case "free":
        if (order.unloadModels) this.#loadedModels = [];
        this.#comfyui.free(order.unloadModels, order.freeMemory).catch((error: unknown) => {
          this.#log.warn({ err: error }, "ComfyUI did not free its memory");
        });
        break;
    }
  }

  /** Tells the queue that this worker lives, and notices an idle ComfyUI that went away. */
  async #report(): Promise<void> {
    if (!this.#facts || !this.#registered) return;
    try {
      const stats = await this.#comfyui.systemStats();
      this.#facts = { ...this.#facts, stats };
    } catch (error) {
      // A computing ComfyUI may be slow to answer; the running job finds out itself.
      if (!this.#current && error instanceof ComfyuiUnreachableError) {
        this.#facts = undefined;
        this.#wake.abort();
        return;
      }
    }
    try {
      const status = this.#status();
      await this.#queue.heartbeatWorker(
        workerInfo(this.#options, this.#facts, this.#loadedModels),
        status === "starting" ? "idle" : status,
      );
    } catch (error) {
      this.#log.warn({ err: error }, "could not report to the queue");
    }
  }
}

/** As a call, because the type checker takes an earlier look at `aborted` for the present state. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

const describe = (outcome: JobOutcome): string => {
  if (outcome.kind !== "ended") return `${outcome.kind}: ${outcome.reason}`;
  const { ending } = outcome;
  return ending.kind === "completed" ? "completed" : `failed: ${ending.failure.kind}`;
};
