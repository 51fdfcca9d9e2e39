/** The eight checks of a deployed worker, in the order in which a fault should be looked for. */
import { modelManifest } from "@comfymulti/workflows";
import { ComfyuiClient } from "../comfyui/client.ts";
import { ComfyuiUnreachableError } from "../comfyui/errors.ts";
import { scanModels } from "../models/index.ts";
import { checkComfyui } from "./comfyui-health.ts";
import type { Check } from "./check.ts";
import { checkGpu } from "./gpu.ts";
import { checkImage } from "./image.ts";
import { checkModels } from "./models.ts";
import { checkMounts } from "./mounts.ts";
import { checkQueue } from "./queue.ts";
import { checkSampleGraph } from "./sample-graph.ts";
import type { VerifySettings } from "./settings.ts";
import { checkVram } from "./vram.ts";

/** One call to ComfyUI, ms. */
const CALL_MS = 5_000;
const LIMIT_MS = 10_000;
/** A ComfyUI that has just started loads its libraries with the first graph. */
const SAMPLE_LIMIT_MS = 60_000;

/** `mountInfo`: where the kernel lists this process's mounts. */
export function deploymentChecks(settings: VerifySettings, mountInfo?: string): Check[] {
  const withComfyui = async <T>(use: (comfyui: ComfyuiClient) => Promise<T>): Promise<T> => {
    const comfyui = new ComfyuiClient(settings.COMFYUI_URL, CALL_MS);
    try {
      return await use(comfyui);
    } catch (error) {
      if (!(error instanceof ComfyuiUnreachableError)) throw error;
      throw new Error(
        `${error.message} The container's log tells whether it still starts or why it ended; check COMFYUI_URL too.`,
        { cause: error },
      );
    } finally {
      await comfyui.close();
    }
  };
  const stats = () => withComfyui((comfyui) => comfyui.systemStats());
  const check = (id: string, title: string, run: Check["run"], limitMs = LIMIT_MS): Check => ({
    ...{ id, title, run, limitMs },
  });
  return [
    check("image", "Image", () => checkImage(settings)),
    check("gpu", "GPU", (signal) => checkGpu(settings.NVIDIA_SMI, stats, signal)),
    check("mounts", "Mounts", () => checkMounts(settings, mountInfo)),
    check("models", "Models", async () =>
      checkModels(
        await scanModels(settings.MODELS_DIRECTORY, modelManifest),
        (template) => modelManifest.templates[template]?.length !== 0,
      ),
    ),
    check("comfyui", "ComfyUI", async () => checkComfyui(await stats(), settings.COMFYUI_VERSION)),
    check("queue", "Queue", (signal) => checkQueue(settings, signal)),
    check(
      "sample-graph",
      "Sample graph",
      (signal) => withComfyui((comfyui) => checkSampleGraph(comfyui, CALL_MS, signal)),
      SAMPLE_LIMIT_MS,
    ),
    check("vram", "VRAM", async () => checkVram(await stats())),
  ];
}
