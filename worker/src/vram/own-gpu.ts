/** Which of the machine's GPUs ComfyUI computes on: it counts those that CUDA shows it, from 0. */
import type { GpuMemory } from "./nvidia-smi.ts";

export interface GpuChoice {
  /** CUDA_VISIBLE_DEVICES: indices or UUIDs (or their beginnings) in the order that counts. */
  readonly visibleDevices?: string;
  /** `index` of the first device in ComfyUI's `/system_stats`. */
  readonly deviceIndex: number;
}

/** Undefined when it can't be told: no such device, or a part of a GPU (MIG). */
export function chooseGpu(
  gpus: readonly GpuMemory[],
  { visibleDevices, deviceIndex }: GpuChoice,
): GpuMemory | undefined {
  const byIndex = gpus.toSorted((a, b) => a.index - b.index);
  if (visibleDevices === undefined) return byIndex[deviceIndex];
  const name = visible(visibleDevices, byIndex)[deviceIndex];
  return name === undefined ? undefined : named(name, byIndex);
}

/** CUDA stops at the first entry that names nothing. */
function visible(list: string, gpus: readonly GpuMemory[]): readonly string[] {
  const names = list.split(",").map((name) => name.trim());
  const wrong = names.findIndex((name) => named(name, gpus) === undefined);
  return wrong === -1 ? names : names.slice(0, wrong);
}

function named(name: string, gpus: readonly GpuMemory[]): GpuMemory | undefined {
  if (/^\d+$/.test(name)) return gpus.find(({ index }) => index === Number(name));
  if (!name.startsWith("GPU-")) return undefined;
  const matching = gpus.filter(({ uuid }) => uuid.startsWith(name));
  return matching.length === 1 ? matching[0] : undefined;
}
