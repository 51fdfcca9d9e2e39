/** All results that wait for delivery, with the bound that keeps a worker from filling its disk. */
import { setTimeout as sleep } from "node:timers/promises";
import type { QueueContract } from "@comfymulti/queue";
import { deliver } from "./delivery.ts";
import type { DeliveryParts, DeliveryVerdict } from "./delivery.ts";
import { Lease } from "./lease.ts";
import type { Spool, SpoolEntry } from "./spool.ts";

/** With this much undelivered, no further job is claimed until something is delivered. */
export const SPOOL_LIMITS = { entries: 16, bytes: 20 * 1024 ** 3 } as const;

export class Deliveries {
  readonly #parts: DeliveryParts;
  readonly #stop = new AbortController();
  readonly #running = new Map<SpoolEntry, Promise<DeliveryVerdict>>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#running.size;
  }

  /** Bytes of the results that wait. */
  get bytes(): number {
    return [...this.#running.keys()].reduce((sum, entry) => sum + entry.size, 0);
  }

  /** Delivers in the background. Resolves with the verdict; takes over the lease. */
  add(entry: SpoolEntry, lease: Lease): Promise<DeliveryVerdict> {
    const delivery = deliver(this.#parts, entry, lease, this.#stop.signal)
      .catch((error: unknown): DeliveryVerdict => {
        this.#parts.log.error({ err: error, job: lease.holder.job }, "delivery failed");
        return "kept";
      })
      .finally(() => this.#running.delete(entry));
    this.#running.set(entry, delivery);
    return delivery;
  }

  /** Takes up what an earlier process left in the spool. */
  async resume(spool: Spool, queue: QueueContract): Promise<void> {
    const { log } = this.#parts;
    const entries = await spool.leftovers((name, why) => {
      log.warn({ entry: name }, `spool entry discarded: ${why}`);
    });
    for (const entry of entries) {
      const { holder, leaseMs } = entry.record;
      log.info(
        { job: holder.job, attempt: holder.attempt },
        "delivering a result of an earlier run",
      );
      const lease = new Lease(queue, holder, leaseMs, log);
      await lease.beat();
      void this.add(entry, lease);
    }
  }

  /** Resolves when another result fits into the spool. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#full() && !signal.aborted) {
      await Promise.race([...this.#running.values(), aborted(signal)]);
    }
  }

  /** Gives what is under way up to `waitMs`, then stops; the rest stays on disk. */
  async close(waitMs: number): Promise<void> {
    const all = Promise.all(this.#running.values());
    await Promise.race([all, sleep(waitMs, undefined, { ref: false })]);
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  #full(): boolean {
    return this.#running.size >= SPOOL_LIMITS.entries || this.bytes >= SPOOL_LIMITS.bytes;
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
