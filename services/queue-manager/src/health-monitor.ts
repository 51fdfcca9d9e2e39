/**
 * What `/health` answers from, so that it never waits: a look at the queue every half second in the
 * background. Silence counts as much as an error: a frozen Redis refuses nothing.
 */
import type { Counts, QueueContract } from "@comfymulti/queue";
import { HEALTH_REFRESH_MS, HEALTH_STALE_MS } from "./limits.ts";

/** The state of this replica, as `/health`, the admin API and the admin page tell it. */
export type HealthState =
  | {
      readonly status: "ok";
      readonly redis: "ok";
      /** Jobs by state. */
      readonly queue: Counts;
      /** Workers that were heard of lately. */
      readonly workers: number;
    }
  | {
      readonly status: "error";
      readonly redis: "unavailable";
      /** A sentence for the host. */
      readonly reason: string;
    };

const unavailable = (reason: string): HealthState => ({
  status: "error",
  redis: "unavailable",
  reason,
});

export class HealthMonitor {
  readonly #queue: QueueContract;
  readonly #firstLook: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #latest: HealthState = unavailable("Redis has not answered yet.");
  /** When Redis last answered, well or not; ms of the monotonic clock. */
  #answeredAt = performance.now();

  /** Starts to look; `close` ends it. */
  constructor(queue: QueueContract) {
    this.#queue = queue;
    this.#firstLook = this.#look();
  }

  /** At once, but for the first look after the start. Never throws. */
  async state(): Promise<HealthState> {
    await this.#firstLook;
    const silentMs = performance.now() - this.#answeredAt;
    return silentMs > HEALTH_STALE_MS
      ? unavailable(
          `Redis has not answered for ${Math.round(silentMs / 1000)} s; jobs can't be queued until it does.`,
        )
      : this.#latest;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** One look, then the next after a pause; a look that hangs is waited for, not doubled. */
  async #look(): Promise<void> {
    const answer = this.#ask().then((latest) => {
      this.#latest = latest;
      this.#answeredAt = performance.now();
    });
    void answer.then(() => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => void this.#look(), HEALTH_REFRESH_MS);
    });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const patience = setTimeout(resolve, HEALTH_STALE_MS);
    await Promise.race([answer, late]);
    clearTimeout(patience);
  }

  async #ask(): Promise<HealthState> {
    try {
      const [queue, workers] = await Promise.all([this.#queue.counts(), this.#queue.workers()]);
      const live = workers.filter(({ status }) => status !== "lost").length;
      return { status: "ok", redis: "ok", queue, workers: live };
    } catch {
      return unavailable("Redis is not reachable; jobs can't be queued until it is back.");
    }
  }
}
