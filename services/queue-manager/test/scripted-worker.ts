/** A worker's side of the queue, one step at a time, saying what ComfyUI said in the transcripts. */
import type { Claim, Holder, JobResult, Queue } from "@comfymulti/queue";

export const WORKER = "worker-1";

/** A graph that ComfyUI 0.11.1 accepts without any model: an image scaled and saved. */
export const graph = {
  "1": {
    class_type: "EmptyImage",
    inputs: { width: 64, height: 48, batch_size: 1, color: 3_399_647 },
  },
  "2": {
    class_type: "ImageScaleToTotalPixels",
    inputs: {
      image: ["1", 0],
      upscale_method: "bilinear",
      megapixels: 0.05,
      resolution_steps: 8,
    },
  },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "gw/test" } },
};

const image = { filename: "test_00001_.png", subfolder: "gw", type: "output" };

export class ScriptedWorker {
  readonly #queue: Queue;
  claim!: Claim;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  get holder(): Holder {
    return { worker: WORKER, job: this.claim.job.id, attempt: this.claim.attempt };
  }

  /** Takes the next job. */
  async take(): Promise<Claim> {
    const claim = await this.#queue.claim(WORKER, 80_000);
    if (!claim) throw new Error("no job waits");
    this.claim = claim;
    return claim;
  }

  say(type: string, data: Record<string, unknown>, transient = false): Promise<void> {
    const withId = { ...data, prompt_id: this.claim.job.id };
    return this.#queue.publishMessage(this.holder, { type, data: withId }, transient);
  }

  /** What ComfyUI says before and while the first node runs. */
  async begin(): Promise<void> {
    await this.say("execution_start", { timestamp: 1 });
    await this.say("execution_cached", { nodes: [], timestamp: 2 });
    await this.say("executing", { node: "1", display_node: "1" });
  }

  preview(metadata: Record<string, unknown>, bytes: Buffer): Promise<void> {
    const json = Buffer.from(JSON.stringify(metadata));
    const head = Buffer.alloc(8);
    head.writeUInt32BE(4, 0);
    head.writeUInt32BE(json.length, 4);
    return this.#queue.publishPreview(this.claim, Buffer.concat([head, json, bytes]));
  }

  /** The saved image is told, then the job is complete. */
  async finish(): Promise<void> {
    await this.say("executed", { node: "3", display_node: "3", output: { images: [image] } });
    await this.#queue.complete(this.holder, this.result);
  }

  get result(): JobResult {
    const prompt_id = this.claim.job.id;
    return {
      outputs: { "3": { images: [image] } },
      meta: { "3": { node_id: "3", display_node: "3", parent_node: null, real_node_id: "3" } },
      messages: [
        ["execution_start", { prompt_id, timestamp: 1 }],
        ["execution_cached", { nodes: [], prompt_id, timestamp: 2 }],
        ["execution_success", { prompt_id, timestamp: 3 }],
      ],
    };
  }
}
