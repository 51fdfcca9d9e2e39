/**
 * One place for a job at the provider, a worker as far as the queue can see: claims a job, has a
 * replica run it, and says to the queue how it ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  LeaseLostError,
  type Claim,
  type ControlMessage,
  type Holder,
  type QueueContract,
  type RemoteJob,
  type ReplicaFacts,
  type WorkerInfo,
} from "@comfymulti/queue";
import pRetry from "p-retry";
import type { Logger } from "pino";
import { ClaimLease } from "./claim-lease.ts";
import { ColdStart } from "./cold-start.ts";
import {
  EndpointRefusedError,
  GRAPH_TOO_LARGE,
  KeyRefusedError,
  NoReplicaError,
  ReplicaLostError,
  type Endpoint,
} from "./endpoint.ts";
import type { KnownFacts } from "./known-facts.ts";
import { attemptRemotely, type RemoteEnd } from "./remote-attempt.ts";

/** A refused key is tried again after this, ms: the host may have allowed it meanwhile. */
const KEY_PAUSE_MS = 60_000;
/** Pause after something went wrong that the next try may meet again: 1 to 3 s. */
const pauseMs = (): number => 1_000 + Math.random() * 2_000;

/** `starting`: a job waits for a replica. */
export type SlotStatus = "idle" | "starting" | "running" | "draining";

export interface SlotHealth {
  readonly name: string;
  readonly status: SlotStatus;
  readonly job: string | undefined;
  /** Why it can't work; undefined when it can. */
  readonly problem: string | undefined;
}

export interface SlotParts {
  readonly queue: QueueContract;
  readonly endpoint: Endpoint;
  readonly facts: KnownFacts;
  /** As the replicas reach it. */
  readonly queueManagerUrl: string;
  readonly limits: RemoteJob["limits"];
  /** How long a job waits for a replica, ms. */
  readonly coldStartMs: number;
  readonly leaseMs: number;
  readonly log: Logger;
}

/** Why a running job is stopped by this side. */
class JobStopped extends Error {
  override readonly name = "JobStopped";
  readonly kind: "cancelled" | "draining";

  constructor(kind: "cancelled" | "draining") {
    super(kind === "cancelled" ? "The job was cancelled." : "The dispatcher is shutting down.");
    this.kind = kind;
  }
}

export class Slot {
  readonly name: string;
  readonly #token: string;
  readonly #parts: SlotParts;
  readonly #log: Logger;
  readonly #draining = new AbortController();
  #info: WorkerInfo | undefined;
  #registered: ReplicaFacts | undefined;
  #current: { readonly claim: Claim; readonly stop: AbortController } | undefined;
  #started = false;
  #problem: string | undefined = "No replica has said yet what it is.";
  #unsubscribe: (() => Promise<void>) | undefined;
  #reporter: NodeJS.Timeout | undefined;
  #finished: Promise<void> = Promise.resolve();

  constructor(name: string, token: string, parts: SlotParts) {
    this.name = name;
    this.#token = token;
    this.#parts = parts;
    this.#log = parts.log.child({ slot: name });
  }

  start(): void {
    this.#reporter = setInterval(() => void this.#report(), this.#parts.leaseMs / 3);
    this.#finished = this.#claimJobs();
  }

  health(): SlotHealth {
    const { name } = this;
    return {
      name,
      status: this.#status(),
      job: this.#current?.claim.job.id,
      problem: this.#problem ?? this.#parts.endpoint.problem,
    };
  }

  /**
   * Claims no more, and unregisters. A job that waits for a replica goes back at once, a running one
   * after `drainMs`.
   */
  async close(drainMs: number): Promise<void> {
    this.#draining.abort();
    void this.#report();
    const giveBack = (): void => this.#current?.stop.abort(new JobStopped("draining"));
    if (!this.#started) giveBack();
    const patience = setTimeout(giveBack, drainMs);
    await this.#finished;
    clearTimeout(patience);
    clearInterval(this.#reporter);
    try {
      await this.#unsubscribe?.();
      if (this.#info) await this.#parts.queue.unregisterWorker(this.name);
    } catch (error) {
      this.#log.warn({ err: error }, "could not unregister; the queue will notice the silence");
    }
  }

  #status(): SlotStatus {
    if (this.#draining.signal.aborted) return "draining";
    if (!this.#current) return "idle";
    return this.#started ? "running" : "starting";
  }

  async #claimJobs(): Promise<void> {
    const { queue } = this.#parts;
    const { signal } = this.#draining;
    while (!signal.aborted) {
      try {
        const { vramTotalMiB } = await this.#register();
        this.#problem = undefined;
        const claim = await queue.claim(this.name, vramTotalMiB);
        if (claim) await this.#work(claim);
        else await queue.waitForWork(signal);
      } catch (error) {
        if (isAborted(signal)) break;
        this.#problem = error instanceof Error ? error.message : "unknown";
        this.#log.error({ err: error }, "can't take jobs at the moment");
        const ms = error instanceof KeyRefusedError ? KEY_PAUSE_MS : pauseMs();
        await sleep(ms, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Anew whenever the replicas are others. */
  async #register(): Promise<WorkerInfo> {
    const { queue, facts } = this.#parts;
    const known = await facts.known(this.#draining.signal);
    this.#unsubscribe ??= await queue.onControl(this.name, (order) => this.#obey(order));
    const own = { ...known.info, name: this.name };
    if (this.#registered !== known) {
      await queue.registerWorker(own, known.objectInfoJson);
      this.#info = own;
      this.#registered = known;
    }
    return own;
  }

  async #work(claim: Claim): Promise<void> {
    const { queue, leaseMs } = this.#parts;
    const { job, attempt } = claim;
    const log = this.#log.child({ job: job.id, user: job.user, attempt });
    const holder = { worker: this.name, job: job.id, attempt };
    const lease = new ClaimLease(queue, holder, leaseMs, log);
    const coldStart = new ColdStart(queue, claim, log);
    const stop = new AbortController();
    this.#current = { claim, stop };
    this.#started = false;
    void this.#report();
    try {
      const signal = AbortSignal.any([stop.signal, lease.lost]);
      const end = await this.#attempt(claim, signal, coldStart, log);
      await this.#settle(end, holder, lease.lost, log);
    } catch (error) {
      await this.#giveUp(error, holder, log);
    } finally {
      coldStart.stop();
      lease.stop();
      this.#current = undefined;
    }
  }

  async #attempt(
    claim: Claim,
    signal: AbortSignal,
    coldStart: ColdStart,
    log: Logger,
  ): Promise<RemoteEnd> {
    const { endpoint, facts, queueManagerUrl, limits, coldStartMs } = this.#parts;
    const job = { claim, worker: this.name, queueManagerUrl, token: this.#token, limits };
    return await attemptRemotely(endpoint, job, {
      patienceMs: coldStartMs,
      signal,
      onStarted: (info) => {
        coldStart.stop();
        this.#started = true;
        void this.#report();
        log.info("a replica runs the job");
        facts.heard(info, this.#draining.signal).catch((error: unknown) => {
          log.warn({ err: error }, "what the new replicas are is not known yet");
        });
      },
    });
  }

  /** Says it to the queue until it is heard, or the lease is lost. */
  async #settle(end: RemoteEnd, holder: Holder, lost: AbortSignal, log: Logger): Promise<void> {
    const { queue } = this.#parts;
    if (end.kind === "dropped") {
      log.info(`the replica dropped the job: ${end.reason}`);
      return;
    }
    await pRetry(
      async () => {
        if (end.kind === "given-back") await queue.release(holder, end.reason);
        else if (end.ending.kind === "completed") await queue.complete(holder, end.ending.result);
        else await queue.fail(holder, end.ending.failure, end.ending.result);
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 500,
        maxTimeout: 10_000,
        randomize: true,
        signal: lost,
        shouldRetry: ({ error }) => !(error instanceof LeaseLostError),
      },
    );
    log.info(end.kind === "ended" ? `job ${end.ending.kind}` : "job given back by the replica");
    if (end.kind === "given-back") {
      await sleep(pauseMs(), undefined, { signal: this.#draining.signal }).catch(() => undefined);
    }
  }

  /** Without an ending. Throws what keeps the slot from taking other jobs too. */
  async #giveUp(error: unknown, holder: Holder, log: Logger): Promise<void> {
    const { queue } = this.#parts;
    if (error instanceof LeaseLostError) {
      log.info("the claim is lost");
      return;
    }
    if (error instanceof JobStopped && error.kind === "cancelled") return;
    if (error instanceof ReplicaLostError) {
      // A spot instance that was taken away, or a graph that takes its replica down: the lease runs
      // out and the queue counts it as a lost worker.
      log.warn({ err: error }, "the replica is lost; the lease runs out");
      return;
    }
    if (error instanceof EndpointRefusedError && error.status === GRAPH_TOO_LARGE) {
      const message = "The graph is too large for this worker: make it smaller.";
      await queue.fail(holder, { kind: "graph-refused", message }, undefined);
      return;
    }
    const reason = error instanceof Error ? error.message : "The dispatcher failed.";
    log.warn({ reason }, "job given back to the queue");
    await queue.release(holder, reason).catch((failure: unknown) => {
      log.warn({ err: failure }, "job could not be given back; its lease will run out");
    });
    if (error instanceof NoReplicaError || error instanceof JobStopped) return;
    throw error;
  }

  #obey(order: ControlMessage): void {
    if (order.kind === "drain") {
      this.#draining.abort();
      void this.#report();
    } else if (order.kind === "interrupt") {
      const claim = this.#current?.claim;
      if (claim?.job.id === order.job && claim.attempt === order.attempt) {
        this.#current?.stop.abort(new JobStopped("cancelled"));
      }
    }
  }

  /** Keeps the slot listed. */
  async #report(): Promise<void> {
    if (!this.#info) return;
    await this.#parts.queue.heartbeatWorker(this.#info, this.#status()).catch((error: unknown) => {
      this.#log.warn({ err: error }, "could not report to the queue");
    });
  }
}

/** As a call, because the type checker takes an earlier look at `aborted` for the present state. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
