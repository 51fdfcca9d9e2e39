/** Tells a gateway what ComfyUI 0.11.1 knows, as a worker does: without it no graph is accepted. */
import type { Queue } from "@comfymulti/queue";
import { fingerprintObjectInfo, loadObjectInfo, withModels } from "@comfymulti/workflows";
import { CHECKPOINT } from "./workflows.ts";

const VERSION = "0.11.1";

export async function registerWorker(queue: Queue, name = "worker-1"): Promise<void> {
  const objectInfo = withModels(loadObjectInfo(VERSION), [CHECKPOINT]);
  const worker = {
    name,
    comfyuiVersion: VERSION,
    objectInfoFingerprint: fingerprintObjectInfo(objectInfo),
    gpu: "none",
    vramTotalMiB: 80_000,
    vramFreeMiB: 80_000,
    simulated: true,
  };
  await queue.registerWorker(worker, JSON.stringify(objectInfo));
}
