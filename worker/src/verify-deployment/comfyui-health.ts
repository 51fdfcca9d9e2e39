/** Whether ComfyUI answers, and is the version that it should be. */
import type { SystemStats } from "../comfyui/answers.ts";
import { fail, ok } from "./check.ts";
import type { Verdict } from "./check.ts";

export function checkComfyui(stats: SystemStats, expected: string | undefined): Verdict {
  const { comfyui_version: found } = stats.system;
  if (expected !== undefined && found !== expected) {
    return fail(
      `ComfyUI ${found} runs, the image is for ${expected}: see that COMFYUI_URL is this container's own ComfyUI.`,
    );
  }
  const simulated = stats.system["simulated"] === true ? " (simulated)" : "";
  return ok(`ComfyUI ${found}${simulated} answers.`);
}
