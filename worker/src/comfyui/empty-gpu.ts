/** Asks ComfyUI to let go of every model and cached result, and waits until the GPU shows it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ComfyuiClient } from "./client.ts";

/** ComfyUI frees between two prompts, in its own time; an idle one within a second. */
const LONGEST_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** Looks in a row without any more memory freed, after which nothing more is expected. */
const STEADY_LOOKS = 3;

/** Resolves when no more memory comes free, at the latest after 10 s. Throws what the calls throw. */
export async function emptyGpu(comfyui: ComfyuiClient, signal: AbortSignal): Promise<void> {
  await comfyui.free(true, true);
  const deadline = Date.now() + LONGEST_WAIT_MS;
  let most = 0;
  for (let steady = 0; steady < STEADY_LOOKS && Date.now() < deadline;) {
    const { devices } = await comfyui.systemStats();
    const free = devices[0]?.vram_free ?? 0;
    steady = free > most ? 0 : steady + 1;
    most = Math.max(most, free);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
