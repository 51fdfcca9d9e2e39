/**
 * Looks whether a job fits the GPU before it is submitted, and makes room for it. What ComfyUI itself
 * holds counts as free: it unloads models that a job does not need. Other processes' memory does not.
 * Where the driver's tool is missing or odd, jobs run as if there were room, with a warning.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { SystemStats } from "../comfyui/answers.ts";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { readGpus as askDriver } from "./nvidia-smi.ts";
import type { GpuMemory, GpuReading } from "./nvidia-smi.ts";
import { chooseGpu } from "./own-gpu.ts";

/** Kept free beside what a job needs, MiB: CUDA's own context, and pieces too small to use. */
export const VRAM_MARGIN_MIB = 2048;
const WAIT_MS = 30_000;
const POLL_MS = 1_000;
const MIB = 1024 * 1024;

export interface VramGuardOptions {
  readonly comfyui: Pick<ComfyuiClient, "free" | "systemStats">;
  readonly log: Logger;
  /** Default 2048. */
  readonly marginMiB?: number;
  /** How long other processes may take to let go of their memory, ms. Default 30 000. */
  readonly waitMs?: number;
  /** Between two looks meanwhile, ms. Default 1 000. */
  readonly pollMs?: number;
  /** Default: `nvidia-smi`. */
  readonly readGpus?: () => Promise<GpuReading>;
  /** See GpuChoice. */
  readonly visibleDevices?: string;
}

export type VramVerdict =
  | { readonly kind: "fits" }
  /** Nobody can tell: the job runs. */
  | { readonly kind: "unknown"; readonly reason: string }
  /** Other processes hold what the job needs; `freeMiB` is what a job may need at most now. */
  | {
      readonly kind: "full";
      readonly needMiB: number;
      readonly freeMiB: number;
      readonly reason: string;
    };

/** Of the GPU that ComfyUI computes on. */
interface Room {
  readonly gpu: GpuMemory;
  /** Free, with what ComfyUI can let go of, MiB. */
  readonly availableMiB: number;
}

export class VramGuard {
  readonly #options: VramGuardOptions;
  readonly #marginMiB: number;
  #warned: string | undefined;
  /** ComfyUI's, as of its last answer. */
  #deviceIndex = 0;

  constructor(options: VramGuardOptions) {
    this.#options = options;
    this.#marginMiB = options.marginMiB ?? VRAM_MARGIN_MIB;
  }

  /** Waits until the job fits, at most `waitMs`. Throws the signal's reason when it is aborted. */
  async makeRoom(needMiB: number, signal: AbortSignal): Promise<VramVerdict> {
    const { comfyui, log, waitMs = WAIT_MS, pollMs = POLL_MS } = this.#options;
    const deadline = Date.now() + waitMs;
    for (let asked = false; ;) {
      signal.throwIfAborted();
      const room = await this.#look();
      if ("unknown" in room) return { kind: "unknown", reason: room.unknown };
      if (room.availableMiB >= this.#wanted(needMiB, room.gpu)) return { kind: "fits" };
      if (!asked) {
        log.warn({ needMiB, availableMiB: room.availableMiB }, "the GPU is full: waiting for room");
        // ComfyUI's own figure may be behind what it really holds.
        await comfyui.free(true, true).catch((error: unknown) => {
          log.warn({ err: error }, "ComfyUI did not free its memory");
        });
        asked = true;
      } else if (Date.now() >= deadline) {
        return this.#full(needMiB, room);
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The GPU as the driver sees it now; undefined when nobody can tell. */
  async present(): Promise<GpuMemory | undefined> {
    const gpu = await this.#ownGpu();
    return "unknown" in gpu ? undefined : gpu;
  }

  /** A job that takes the whole GPU could never have a margin beside it. */
  #wanted(needMiB: number, { totalMiB }: GpuMemory): number {
    return Math.min(needMiB + this.#marginMiB, Math.max(needMiB, totalMiB - this.#marginMiB));
  }

  #full(needMiB: number, { gpu, availableMiB }: Room): VramVerdict {
    const reason =
      `The job needs ${needMiB} MiB of GPU memory and ${availableMiB} of ${gpu.totalMiB} MiB are free on ` +
      `${gpu.name}: another process holds the rest.`;
    this.#options.log.error({ needMiB, availableMiB, gpu: gpu.index }, reason);
    return { kind: "full", needMiB, freeMiB: Math.max(0, availableMiB - this.#marginMiB), reason };
  }

  async #look(): Promise<Room | { readonly unknown: string }> {
    // Of a ComfyUI that does not answer, what it holds counts as taken by others.
    const device = await this.#options.comfyui.systemStats().then(firstDevice, () => undefined);
    this.#deviceIndex = device?.index ?? this.#deviceIndex;
    const gpu = await this.#ownGpu();
    if ("unknown" in gpu) return gpu;
    const releasableMiB = Math.min(device?.heldMiB ?? 0, gpu.usedMiB);
    return { gpu, availableMiB: gpu.freeMiB + releasableMiB };
  }

  async #ownGpu(): Promise<GpuMemory | { readonly unknown: string }> {
    const { readGpus = askDriver, visibleDevices } = this.#options;
    const reading = await readGpus();
    if (reading.kind === "unknown") return this.#unknown(reading.reason);
    const deviceIndex = this.#deviceIndex;
    const choice = visibleDevices === undefined ? {} : { visibleDevices };
    const gpu = chooseGpu(reading.gpus, { ...choice, deviceIndex });
    if (!gpu) {
      return this.#unknown(
        `nvidia-smi lists ${reading.gpus.length} GPUs and none is ComfyUI's device ${deviceIndex}: check CUDA_VISIBLE_DEVICES.`,
      );
    }
    if (this.#warned !== undefined)
      this.#options.log.info({ gpu: gpu.name }, "GPU memory is known");
    this.#warned = undefined;
    return gpu;
  }

  /** Said once for each reason, not with each job. */
  #unknown(reason: string): { readonly unknown: string } {
    if (this.#warned !== reason) {
      this.#options.log.warn(`GPU memory is not watched: ${reason}`);
    }
    this.#warned = reason;
    return { unknown: reason };
  }
}

/** `heldMiB`: what PyTorch has reserved for ComfyUI (`torch_vram_total`), models and all. */
function firstDevice({ devices }: SystemStats): { index: number; heldMiB: number } | undefined {
  const [device] = devices;
  if (!device) return undefined;
  return {
    index: device.index ?? 0,
    heldMiB: Math.floor((device.torch_vram_total ?? 0) / MIB),
  };
}
