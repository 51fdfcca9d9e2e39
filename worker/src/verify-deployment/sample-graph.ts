/** Runs the smallest graph that gives a picture, without a model, if ComfyUI has nothing else to do. */
import { randomUUID } from "node:crypto";
import { outputFileSchema } from "@comfymulti/queue";
import { z } from "zod";
import { queueSchema } from "../comfyui/answers.ts";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { runPrompt } from "../comfyui/run-prompt.ts";
import { fail, ok, skipped } from "./check.ts";
import type { Verdict } from "./check.ts";

/** The same node definitions from 0.9.2 to 0.11.1. The picture goes to ComfyUI's `temp`. */
const graph = {
  "1": {
    class_type: "EmptyImage",
    inputs: { width: 64, height: 64, batch_size: 1, color: 0x33_66_99 },
  },
  "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
};

const imagesSchema = z.looseObject({ images: z.array(outputFileSchema).min(1) });

export async function checkSampleGraph(
  comfyui: ComfyuiClient,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  const { text } = await comfyui.call("GET", "queue", { expected: [200] });
  const queue = queueSchema.parse(JSON.parse(text));
  if (queue.queue_running.length + queue.queue_pending.length > 0) {
    return skipped("ComfyUI is busy with a job: verify again when the worker is idle.");
  }
  const promptId = randomUUID();
  const entry = await runPrompt(
    comfyui,
    { promptId, clientId: randomUUID(), prompt: graph, extraData: {}, outputs: [] },
    { onMessage: () => undefined, onFrame: () => undefined, signal, timeoutMs, reconnectMs: 1000 },
  );
  await comfyui.forget(promptId);
  const images = imagesSchema.safeParse(entry.outputs["2"]);
  if (entry.status.status_str !== "success" || !images.success) {
    return fail(
      "The sample graph ran without giving a picture: read ComfyUI's log for the reason.",
    );
  }
  const [image] = images.data.images;
  let bytes = 0;
  if (image) for await (const piece of await comfyui.view(image)) bytes += (piece as Buffer).length;
  if (bytes === 0) {
    return fail("The sample graph gave an empty picture: see whether ComfyUI's disk is full.");
  }
  return ok(`A picture of ${bytes} bytes was made.`);
}
