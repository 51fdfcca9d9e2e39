/** What the GPU has to offer in all, by ComfyUI's own report: the bound of what is claimed. */
import type { SystemStats } from "../comfyui/answers.ts";

const MIB = 1024 * 1024;

export interface Vram {
  /** The GPU's name as the driver gives it, without ComfyUI's device number and allocator. */
  readonly gpu: string;
  readonly totalMiB: number;
  readonly freeMiB: number;
  /**
   * Jobs that need more are not claimed. The total, not what is free: ComfyUI unloads models that
   * the next job does not need.
   */
  readonly claimableMiB: number;
}

/** `overrideMiB`: VRAM_MIB of the settings; wins over what ComfyUI reports. */
export function readVram(stats: SystemStats, overrideMiB: number | undefined): Vram {
  const [device] = stats.devices;
  const reportedMiB = Math.floor((device?.vram_total ?? 0) / MIB);
  return {
    gpu: device ? gpuName(device.name) : "none",
    totalMiB: reportedMiB,
    freeMiB: Math.floor((device?.vram_free ?? 0) / MIB),
    claimableMiB: overrideMiB ?? reportedMiB,
  };
}

/** `cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync` → `NVIDIA H100 80GB HBM3`. */
const gpuName = (name: string): string =>
  name.replace(/^cuda:\d+\s+/, "").replace(/\s+:\s+\w+$/, "");
