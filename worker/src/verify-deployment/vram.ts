/** Whether the GPU's memory is enough for the workshop's templates, and whether it is free. */
import { templates } from "@comfymulti/workflows";
import type { SystemStats } from "../comfyui/answers.ts";
import { VRAM_MARGIN_MIB } from "../vram/vram-guard.ts";
import { readVram } from "../vram/vram.ts";
import { fail, ok, warn } from "./check.ts";
import type { Verdict } from "./check.ts";

const gib = (mib: number): string => `${Math.round(mib / 1024)} GiB`;

export function checkVram(stats: SystemStats): Verdict {
  const { totalMiB, freeMiB } = readVram(stats, undefined);
  const needs = Object.values(templates)
    .map(({ id, vramMiB }) => ({ id, needMiB: vramMiB.max + VRAM_MARGIN_MIB }))
    .filter(({ needMiB }) => needMiB > VRAM_MARGIN_MIB);
  const tooLarge = needs.filter(({ needMiB }) => needMiB > totalMiB);
  const largestMiB = Math.max(...needs.map(({ needMiB }) => needMiB));
  if (tooLarge.length === needs.length) {
    return fail(`${gib(totalMiB)} of VRAM are too little for every template: use a larger GPU.`);
  }
  if (tooLarge.length > 0) {
    return warn(
      `${gib(totalMiB)} of VRAM are too little for ${tooLarge.map(({ id }) => id).join(", ")}: these jobs wait for a larger worker.`,
    );
  }
  if (freeMiB < largestMiB) {
    return warn(
      `${gib(freeMiB)} of ${gib(totalMiB)} are free, the largest template needs ${gib(largestMiB)}: ComfyUI unloads its own models for it; if \`nvidia-smi\` shows another process, end that.`,
    );
  }
  return ok(
    `${gib(freeMiB)} of ${gib(totalMiB)} are free, the largest template needs ${gib(largestMiB)}.`,
  );
}
