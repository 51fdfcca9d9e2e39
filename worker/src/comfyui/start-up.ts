/** Waits for a ComfyUI that starts, and reads once what it is. */
import { setTimeout as sleep } from "node:timers/promises";
import { fingerprintObjectInfo, objectInfoSchema } from "@comfymulti/workflows";
import type { ObjectInfo } from "@comfymulti/workflows";
import type { SystemStats } from "./answers.ts";
import type { ComfyuiClient } from "./client.ts";
import { ComfyuiAnswerError, ComfyuiUnreachableError } from "./errors.ts";

/** What a ComfyUI is, as of its start. */
export interface ComfyuiFacts {
  readonly stats: SystemStats;
  readonly objectInfo: ObjectInfo;
  readonly objectInfoJson: string;
  readonly objectInfoFingerprint: string;
}

const RETRY_MS = 500;

/**
 * Resolves when ComfyUI answers. `windowMs`: after this long throws ComfyuiUnreachableError with a
 * sentence for the operator; Infinity waits on. Throws the signal's reason when aborted.
 */
export async function waitForComfyui(
  comfyui: ComfyuiClient,
  windowMs: number,
  signal: AbortSignal,
): Promise<ComfyuiFacts> {
  const deadline = Date.now() + windowMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await readFacts(comfyui);
    } catch (error) {
      // Custom nodes load after the port opens; until then answers may be errors too.
      const starting =
        error instanceof ComfyuiUnreachableError || error instanceof ComfyuiAnswerError;
      if (!starting) throw error;
      if (Date.now() > deadline) {
        throw new ComfyuiUnreachableError(
          `ComfyUI at ${comfyui.baseUrl.href} was not ready within ${windowMs / 1000} s (${error.message}) ` +
            "Check that it runs and that COMFYUI_URL is right; STARTUP_TIMEOUT_SECONDS gives it longer.",
          { cause: error },
        );
      }
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

async function readFacts(comfyui: ComfyuiClient): Promise<ComfyuiFacts> {
  const stats = await comfyui.systemStats();
  const objectInfoJson = await comfyui.objectInfoText();
  const objectInfo = objectInfoSchema.safeParse(toJson(objectInfoJson));
  if (!objectInfo.success) {
    throw new ComfyuiAnswerError("ComfyUI answered GET /object_info in an unknown form.");
  }
  return {
    stats,
    objectInfo: objectInfo.data,
    objectInfoJson,
    objectInfoFingerprint: fingerprintObjectInfo(objectInfo.data),
  };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
