/** Waits for a ComfyUI that went away; one that lives and does not answer is started again. */
import type { Logger } from "pino";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { ComfyuiUnreachableError } from "../comfyui/errors.ts";
import { waitForComfyui } from "../comfyui/start-up.ts";
import type { ComfyuiFacts } from "../comfyui/start-up.ts";
import type { WorkerOptions } from "./options.ts";

/** Throws the signal's reason when it is aborted, and nothing else that ComfyUI does. */
export async function comfyuiAgain(
  comfyui: ComfyuiClient,
  { restartComfyui, startupMs }: Pick<WorkerOptions, "restartComfyui" | "startupMs">,
  log: Logger,
  stop: AbortSignal,
): Promise<ComfyuiFacts> {
  for (;;) {
    try {
      const windowMs = restartComfyui ? startupMs : Number.POSITIVE_INFINITY;
      return await waitForComfyui(comfyui, windowMs, stop);
    } catch (error) {
      if (!(error instanceof ComfyuiUnreachableError)) throw error;
      log.error({ err: error }, "ComfyUI does not answer and is started again");
      await restartComfyui?.();
    }
  }
}
