/** The GPU that is not there: a clock that runs `speed` times as fast, and an account of VRAM. */
import { setTimeout as sleep } from "node:timers/promises";
import { loadSeconds } from "./timing.ts";

const MIB = 1024 * 1024;

/** Raised when a model or a sampling step does not fit; ComfyUI reports it by PyTorch's name. */
export class SimulatedOutOfMemory extends Error {
  readonly pythonType = "torch.OutOfMemoryError";
  constructor(requestedMiB: number) {
    super(
      `Allocation on device 0 would exceed allowed memory. (out of memory)\n` +
        `Requested               : ${requestedMiB} MiB (simulated)`,
    );
  }
}

export interface SimulatedGpuOptions {
  readonly vramMiB: number;
  readonly speed: number;
}

export class SimulatedGpu {
  /** Model file → MiB, least recently used first. */
  private readonly loaded = new Map<string, number>();
  private workingMiB = 0;
  private readonly stopped = new AbortController();
  private readonly options: SimulatedGpuOptions;

  constructor(options: SimulatedGpuOptions) {
    this.options = options;
  }

  get totalBytes(): number {
    return this.options.vramMiB * MIB;
  }

  get freeBytes(): number {
    return Math.max(0, this.options.vramMiB - this.loadedMiB - this.workingMiB) * MIB;
  }

  /** Waits as long as `seconds` of GPU work take. Rejects with an AbortError once stopped. */
  async work(seconds: number): Promise<void> {
    await sleep((seconds * 1000) / this.options.speed, undefined, { signal: this.stopped.signal });
  }

  /** Brings a model into VRAM, pushing out the least recently used ones as ComfyUI does. */
  async load(file: string, mib: number): Promise<void> {
    const present = this.loaded.delete(file);
    this.makeRoom(mib);
    this.loaded.set(file, mib);
    if (!present) await this.work(loadSeconds(mib));
  }

  /**
   * Holds working memory beside the model `file` while `work` runs; other models make room.
   * Throws SimulatedOutOfMemory when that is not enough.
   */
  async withWorkingMemory<T>(file: string, mib: number, work: () => Promise<T>): Promise<T> {
    this.makeRoom(mib, file);
    this.workingMiB = mib;
    try {
      return await work();
    } finally {
      this.workingMiB = 0;
    }
  }

  /** `POST /free`. */
  unloadModels(): void {
    this.loaded.clear();
  }

  /** Ends all waiting for good: the server closes. */
  stop(): void {
    this.stopped.abort();
  }

  private get loadedMiB(): number {
    return [...this.loaded.values()].reduce((sum, mib) => sum + mib, 0);
  }

  private makeRoom(mib: number, keep?: string): void {
    const others = [...this.loaded.keys()].filter((file) => file !== keep);
    for (const file of others) {
      if (this.loadedMiB + mib <= this.options.vramMiB) return;
      this.loaded.delete(file);
    }
    if (this.loadedMiB + mib > this.options.vramMiB) throw new SimulatedOutOfMemory(mib);
  }
}
