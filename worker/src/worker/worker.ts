/**
 * The worker's life: wait for ComfyUI, register, claim one job after another, and end without losing
 * one. Claims are waited for in the queue, never polled.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, ControlMessage, QueueContract, WorkerInfo } from "@comfymulti/queue";
import type { Logger } from "pino";
import { ComfyuiClient } from "../comfyui/client.ts";
import { ComfyuiUnreachableError } from "../comfyui/errors.ts";
import { waitForComfyui } from "../comfyui/start-up.ts";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import { warnIfUntried } from "../comfyui/versions.ts";
import { registerDiskGauges } from "../health/disk-gauges.ts";
import type { Health } from "../health/health-server.ts";
import { WorkerMetrics } from "../health/metrics.ts";
import type { PresentFigures } from "../health/metrics.ts";
import { InputCache } from "../job-runner/input-cache.ts";
import { JobStoppedError } from "../job-runner/run-job.ts";
import type { JobOutcome } from "../job-runner/run-job.ts";
import { Deliveries } from "../results/deliveries.ts";
import { QueueManagerClient } from "../results/queue-manager.ts";
import { Spool } from "../results/spool.ts";
import { VramGuard } from "../vram/vram-guard.ts";
import { readVram } from "../vram/vram.ts";
import { ClaimLimit } from "./claim-limit.ts";
import { comfyuiAgain } from "./comfyui-again.ts";
import { ModelWatch } from "./model-watch.ts";
import type { WorkerOptions } from "./options.ts";
import { DELIVERY_WAIT_MS, workClaim } from "./work-claim.ts";
import type { ClaimParts } from "./work-claim.ts";
import { workerInfo } from "./worker-info.ts";

interface CurrentJob {
  readonly claim: Claim;
  readonly stop: AbortController;
}

/** Pause after something went wrong that the next try may meet again: 1 to 3 s. */
const pauseMs = (): number => 1_000 + Math.random() * 2_000;

export class Worker {
  readonly metrics: WorkerMetrics;
  /** Resolves when no more jobs are claimed and none runs. Never rejects. */
  finished: Promise<void> = Promise.resolve();
  readonly #options: WorkerOptions;
  readonly #queue: QueueContract;
  readonly #log: Logger;
  readonly #comfyui: ComfyuiClient;
  readonly #queueManager: QueueManagerClient;
  readonly #spool: Spool;
  readonly #deliveries: Deliveries;
  readonly #models: ModelWatch;
  readonly #claimLimit = new ClaimLimit(() => this.#wake.abort());
  readonly #parts: Omit<ClaimParts, "onStuck">;
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
    this.#models = new ModelWatch(options.modelsDirectory, log);
    this.metrics = new WorkerMetrics(options.name, () => this.#presentFigures());
    registerDiskGauges(this.metrics.registry, options.spoolDirectory);
    this.#parts = {
      options,
      queue,
      queueManager: this.#queueManager,
      comfyui: this.#comfyui,
      spool: this.#spool,
      deliveries: this.#deliveries,
      inputCache: new InputCache(),
      vram: new VramGuard({
        comfyui: this.#comfyui,
        log,
        waitMs: options.vramWaitMs,
        ...(options.visibleDevices !== undefined && { visibleDevices: options.visibleDevices }),
      }),
      metrics: this.metrics,
      log,
    };
  }

  /**
   * Takes up the spool, waits for ComfyUI and begins to claim. Returns early when it is drained
   * meanwhile. Throws ComfyuiUnreachableError when ComfyUI does not answer within its start-up window.
   */
  async start(): Promise<void> {
    await this.#deliveries.resume(this.#spool, this.#queue);
    // Not awaited: a shared filesystem that hangs must not keep the worker from its other work.
    void this.#models.start();
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
    this.#models.stop();
    this.#claimLimit.close();
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
      this.#facts = await comfyuiAgain(this.#comfyui, this.#options, this.#log, stop);
    }
    if (!this.#registered) {
      const { name } = this.#options;
      this.#unsubscribe ??= await this.#queue.onControl(name, (order) => this.#obey(order));
      const info = this.#info(this.#facts);
      await this.#queue.registerWorker(info, this.#facts.objectInfoJson);
      this.#registered = true;
      const { comfyuiVersion, gpu, vramTotalMiB, simulated } = info;
      warnIfUntried(comfyuiVersion, this.#log);
      this.#log.info({ comfyuiVersion, gpu, vramTotalMiB, simulated }, "worker registered");
    }
    this.#problem = undefined;
    return this.#facts;
  }

  #info(facts: ComfyuiFacts): WorkerInfo {
    return workerInfo(this.#options, facts, this.#loadedModels, this.#models.report);
  }

  #presentFigures(): PresentFigures {
    const vram = this.#facts && readVram(this.#facts.stats, undefined);
    return {
      undelivered: this.#deliveries.waiting,
      undeliveredBytes: this.#deliveries.bytes,
      vramUsedMiB: vram && vram.totalMiB - vram.freeMiB,
      vramTotalMiB: vram?.totalMiB,
      ready: this.#problem === undefined && !this.#draining.signal.aborted,
    };
  }

  /** Waits until a job is claimed, or something else needs attention. */
  async #nextClaim(facts: ComfyuiFacts, stop: AbortSignal): Promise<Claim | undefined> {
    const { claimableMiB } = readVram(facts.stats, this.#options.vramMiB);
    this.#wake = new AbortController();
    const limitMiB = this.#claimLimit.of(claimableMiB);
    const claim = await this.#queue.claim(this.#options.name, limitMiB, this.#loadedModels);
    if (!claim) await this.#queue.waitForWork(AbortSignal.any([stop, this.#wake.signal]));
    return claim;
  }

  async #work(claim: Claim, facts: ComfyuiFacts): Promise<void> {
    const current = { claim, stop: new AbortController() };
    if (this.#draining.signal.aborted) current.stop.abort(new JobStoppedError("draining"));
    this.#current = current;
    void this.#report();
    let stuck = false;
    const onStuck = () => {
      stuck = true;
    };
    try {
      const outcome = await workClaim(
        { ...this.#parts, onStuck },
        claim,
        facts,
        current.stop.signal,
      );
      this.#rememberModels(claim, outcome);
      await this.#recover(outcome, stuck);
    } finally {
      this.#current = undefined;
    }
  }

  /** Makes ready for the next claim what this one left unusable. */
  async #recover(outcome: JobOutcome, stuck: boolean): Promise<void> {
    if (stuck) {
      this.#log.error("ComfyUI does not stop a job and is started again");
      await this.#options.restartComfyui?.();
    }
    const gone = outcome.kind === "given-back" && outcome.comfyuiGone;
    const crashed =
      outcome.kind === "ended" &&
      outcome.ending.kind === "failed" &&
      outcome.ending.failure.kind === "comfyui-crashed";
    if (stuck || gone || crashed) {
      this.#facts = undefined;
      return;
    }
    if (outcome.kind !== "given-back") return;
    if (outcome.gpuFreeMiB !== undefined) this.#claimLimit.lowerTo(outcome.gpuFreeMiB);
    const signal = this.#draining.signal;
    await sleep(pauseMs(), undefined, { signal }).catch(() => undefined);
  }

  /** A job without models leaves the others' where they are; a failure leaves nothing to rely on. */
  #rememberModels({ job }: Claim, outcome: JobOutcome): void {
    if (outcome.kind !== "ended" || outcome.ending.kind === "failed") this.#loadedModels = [];
    else if (job.models.length > 0) this.#loadedModels = job.models;
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
        this.#info(this.#facts),
        status === "starting" ? "idle" : status,
      );
    } catch (error) {
      this.#log.warn({ err: error }, "could not report to the queue");
    }
  }
}

/** As a call, because the type checker takes an earlier look at `aborted` for the present state. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
