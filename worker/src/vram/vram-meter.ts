/**
 * The largest use of the GPU's memory during a job, by looking at it every second. Where the first
 * look tells nothing, there is no second.
 */
import type { GpuMemory } from "./nvidia-smi.ts";

const EVERY_MS = 1_000;

export class VramMeter {
  readonly #read: () => Promise<GpuMemory | undefined>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #peakMiB: number | undefined;

  /** @param read undefined when nobody can tell; may reject, which tells nothing either */
  constructor(read: () => Promise<GpuMemory | undefined>, everyMs = EVERY_MS) {
    this.#read = read;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
    this.#look();
  }

  /** MiB; undefined when nothing could be read in time. May be called again. */
  stop(): number | undefined {
    clearInterval(this.#timer);
    return this.#peakMiB;
  }

  /** One look at a time: a driver in trouble answers late. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#read()
      .then((gpu) => {
        if (gpu) this.#peakMiB = Math.max(this.#peakMiB ?? 0, gpu.usedMiB);
        // Where nobody can tell at first, asking every second would only cost time.
        else if (this.#peakMiB === undefined) clearInterval(this.#timer);
      })
      .catch(() => undefined)
      .finally(() => {
        this.#looking = false;
      });
  }
}
