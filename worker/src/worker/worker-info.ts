/** What the worker says of itself to the queue. */
import type { ModelReport, WorkerInfo } from "@comfymulti/queue";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import { readVram } from "../vram/vram.ts";

export function workerInfo(
  worker: { readonly name: string; readonly vramMiB?: number },
  facts: ComfyuiFacts,
  loadedModels: readonly string[],
  models?: ModelReport,
): WorkerInfo {
  const vram = readVram(facts.stats, worker.vramMiB);
  return {
    name: worker.name,
    comfyuiVersion: facts.stats.system.comfyui_version,
    objectInfoFingerprint: facts.objectInfoFingerprint,
    gpu: vram.gpu,
    vramTotalMiB: vram.claimableMiB,
    vramFreeMiB: vram.freeMiB,
    loadedModels: [...loadedModels],
    ...(models && { models }),
    // simulated-comfyui says so of itself.
    simulated: facts.stats.system["simulated"] === true,
  };
}
