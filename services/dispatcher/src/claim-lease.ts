/** Keeps a claim alive while a replica runs its job, and tells when it is lost. */
import { LeaseLostError, type Holder, type QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";

/** Heartbeats in one lease: two may fail before it runs out. */
const HEARTBEATS_PER_LEASE = 3;

export class ClaimLease {
  /** Aborted with a LeaseLostError when another attempt holds the job, or it was cancelled or ended. */
  readonly lost: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(
    queue: Pick<QueueContract, "heartbeat">,
    holder: Holder,
    leaseMs: number,
    log: Logger,
  ) {
    this.lost = this.#abort.signal;
    this.#timer = setInterval(() => {
      queue.heartbeat(holder).catch((error: unknown) => {
        if (error instanceof LeaseLostError) this.#abort.abort(error);
        // A queue that can't be reached is no loss: the lease may outlive it.
        else log.warn({ err: error }, "heartbeat failed; the next one follows");
      });
    }, leaseMs / HEARTBEATS_PER_LEASE);
  }

  /** No more heartbeats: the lease runs out unless the job was ended. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
