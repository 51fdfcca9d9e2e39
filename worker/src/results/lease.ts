/** Keeps a claim alive from the claim until its result is delivered, and tells when it is lost. */
import { LeaseLostError } from "@comfymulti/queue";
import type { Holder, QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";

/** Heartbeats in one lease: two may fail before it runs out. */
const HEARTBEATS_PER_LEASE = 3;

export class Lease {
  readonly holder: Holder;
  /** Aborted with a LeaseLostError when another attempt holds the job, or it was cancelled or ended. */
  readonly lost: AbortSignal;
  readonly #queue: Pick<QueueContract, "heartbeat">;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #beating = false;

  constructor(
    queue: Pick<QueueContract, "heartbeat">,
    holder: Holder,
    leaseMs: number,
    log: Logger,
  ) {
    this.#queue = queue;
    this.holder = holder;
    this.#log = log;
    this.lost = this.#abort.signal;
    this.#timer = setInterval(() => void this.beat(), leaseMs / HEARTBEATS_PER_LEASE);
  }

  /** One heartbeat now. A queue that can't be reached is no loss: the lease may outlive it. */
  async beat(): Promise<void> {
    if (this.#beating || this.lost.aborted) return;
    this.#beating = true;
    try {
      await this.#queue.heartbeat(this.holder);
    } catch (error) {
      if (error instanceof LeaseLostError) this.lose(error);
      else this.#log.warn({ err: error }, "heartbeat failed; the next one follows");
    } finally {
      this.#beating = false;
    }
  }

  /** Whatever learns that the claim is gone says so here. */
  lose(why: Error): void {
    clearInterval(this.#timer);
    this.#abort.abort(why);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
