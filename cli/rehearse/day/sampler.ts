/** How the queue and its workers stood, all day long, as the host's API tells it. */
import { setTimeout as pause } from "node:timers/promises";
import { Gateway, type AdminAccess } from "../../upgrade/gateway.ts";
import type { Sample } from "./report.ts";

const PAUSE_MS = 1000;

export class Sampler {
  readonly samples: Sample[] = [];
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  constructor(admin: AdminAccess) {
    this.#sampling = this.#sample(new Gateway(admin, this.#stop.signal));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#sampling;
  }

  async #sample(gateway: Gateway): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const at = Date.now();
      try {
        const [pending, workers] = await Promise.all([gateway.pending(), gateway.workers()]);
        this.samples.push({
          at,
          pending,
          running: workers.filter(({ status }) => status === "running").length,
          workers: workers.filter(({ status }) => status !== "lost").length,
        });
      } catch {
        // The gateway is away: a gap in the chart, and that is how it was.
        this.samples.push({ at });
      }
      await pause(PAUSE_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }
}
