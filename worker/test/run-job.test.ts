/** Proves the life of one job against a simulated ComfyUI and a real queue. Limit: no GPU, no models. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import sharp from "sharp";
import { Workshop, slowGraph, testNodeGraph, until, user } from "./support/workshop.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(async () => {
  await workshop.close();
});

describe("models that are loaded", () => {
  it("bring the next job that uses them before one that would load others", async () => {
    const outputs = ["3"];
    const first = await workshop.enqueue(slowGraph(), outputs, { models: ["klein.safetensors"] });
    const turn = await workshop.enqueue(slowGraph(), outputs, {
      user: "user002",
      models: ["ltx-2.safetensors"],
    });
    const same = await workshop.enqueue(slowGraph(), outputs, {
      user: "user003",
      models: ["klein.safetensors"],
    });
    await workshop.startWorker();
    const reached = async (id: string) =>
      (await workshop.queue.job(id))?.state === "completed" ? id : undefined;
    for (const id of [first, same, turn]) await until(async () => (await reached(id)) === id);
    const jobs = await Promise.all([first, same, turn].map((id) => workshop.queue.job(id)));
    const starts = jobs.map((job) => job?.startedAt ?? 0);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    await until(async () => {
      const [worker] = await workshop.queue.workers();
      return worker?.loadedModels[0] === "ltx-2.safetensors";
    });
  }, 30_000);
});

describe("a job that succeeds", () => {
  it("relays ComfyUI's messages in ComfyUI's order and none of the end", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph());
    await workshop.reaches(id, "completed");
    await until(() => workshop.messagesOf("executed").length > 0);

    const lasting = workshop.messages
      .filter(({ message }) => !message.type.startsWith("progress"))
      .map(({ message }) => [message.type, message.data["node"]].filter(Boolean).join(" "));
    expect(lasting).toEqual([
      "execution_start",
      "execution_cached",
      "executing 1",
      "executing 4",
      "executing 3",
      "executed 3",
    ]);
    const progress = workshop.messagesOf("progress").map(({ message }) => message.data["value"]);
    expect(progress.at(-1)).toBe(4);
    expect(progress).toEqual(progress.toSorted());
    expect(workshop.previews.length).toBeGreaterThan(0);
    expect(workshop.previews[0]?.frame.readUInt32BE(0)).toBe(4);
  });

  it("delivers byte-identical files under the user's names", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph());
    const job = await workshop.reaches(id, "completed");
    const result = await workshop.queue.result(id);

    const named = { filename: "mine-picture_00001_.png", subfolder: "sub", type: "output" };
    expect(result?.outputs).toEqual({ "3": { images: [named] } });
    expect(result?.messages.map(([type]) => type)).toEqual([
      "execution_start",
      "execution_cached",
      "execution_success",
    ]);
    expect(job.outputsCount).toBe(1);
    const made = await readFile(join(workshop.directory, "comfyui/output/sub/picture_00001_.png"));
    expect(workshop.receiver.outputs.get(`${id}/sub/mine-picture_00001_.png`)).toEqual(made);
    await until(() => workshop.messagesOf("executed").length > 0);
    expect(workshop.messagesOf("executed")[0]?.message.data["output"]).toEqual({ images: [named] });
  });

  it("delivers the temporary pictures of PreviewImage too", async () => {
    await workshop.startWorker();
    const graph = slowGraph();
    graph["3"] = { class_type: "PreviewImage", inputs: { images: ["4", 0] } };
    const id = await workshop.enqueue(graph);
    await workshop.reaches(id, "completed");
    expect([...workshop.receiver.outputs.keys()]).toEqual([
      expect.stringMatching(new RegExp(`^${id}/mine-`)),
    ]);
  });

  it("delivers a cached result again when the same graph is run twice", async () => {
    await workshop.startWorker();
    await workshop.reaches(await workshop.enqueue(slowGraph()), "completed");
    const id = await workshop.enqueue(slowGraph());
    await workshop.reaches(id, "completed");
    expect(workshop.receiver.outputs.has(`${id}/sub/mine-picture_00001_.png`)).toBe(true);
  });

  it.each([
    ["an uploaded input", "photos/cat.png", "input/photos/cat.png"],
    ["a result of an earlier job", "cat.png [output]", "output/cat.png"],
  ])("brings %s to ComfyUI under the user's own subfolder", async (_what, value, place) => {
    const background = { r: 200, g: 10, b: 10 };
    const picture = await sharp({ create: { width: 32, height: 32, channels: 3, background } })
      .png()
      .toBuffer();
    workshop.receiver.inputs.set(`${user}/${place}`, picture);
    await workshop.startWorker();
    const graph = slowGraph();
    graph["1"] = { class_type: "LoadImage", inputs: { image: value } };
    const id = await workshop.enqueue(graph);
    await workshop.reaches(id, "completed");
    const staged = join(workshop.directory, "comfyui/input", user, place);
    expect(await readFile(staged)).toEqual(picture);
  });
});

describe("a job that fails", () => {
  it("says which node failed and keeps server paths and tensors to itself", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph({ fail: true }));
    const job = await workshop.reaches(id, "failed");
    expect(job.failure).toMatchObject({
      kind: "execution-error",
      nodeId: "4",
      nodeType: "GwSlow",
      exceptionType: "ValueError",
    });
    expect(job.failure?.message).toContain("asked to fail");
    const result = await workshop.queue.result(id);
    const [, data] = result?.messages.find(([type]) => type === "execution_error") ?? [];
    expect(data).toMatchObject({ traceback: [], current_inputs: {}, current_outputs: [] });
    expect(workshop.messagesOf("execution_error")).toEqual([]);
  });

  it("tells an exhausted GPU from other errors", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(testNodeGraph("GwOutOfMemory"));
    const job = await workshop.reaches(id, "failed");
    expect(job.failure?.kind).toBe("out-of-memory");
    expect(job.failure?.message).toMatch(/ran out of memory at node 4.*nothing else in its memory/);
  });

  it("runs a job that ran out of memory once more, on an empty GPU", async () => {
    await workshop.startWorker();
    const before = await workshop.enqueue(testNodeGraph("GwLoadModel"));
    await workshop.reaches(before, "completed");
    const id = await workshop.enqueue(testNodeGraph("GwWholeGpu"));
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed", attempt: 1, faults: 0 });
    const outputs = [...workshop.receiver.outputs.keys()].filter((name) => name.startsWith(id));
    expect(outputs).toHaveLength(1);
  });

  it("names node and input of a graph that ComfyUI refuses", async () => {
    await workshop.startWorker();
    const graph = slowGraph();
    graph["4"] = { class_type: "ImageInvert", inputs: {} };
    const id = await workshop.enqueue(graph);
    const job = await workshop.reaches(id, "failed");
    expect(job.failure?.kind).toBe("graph-refused");
    expect(job.failure?.message).toContain("Node 4 (ImageInvert), input image");
  });

  it("asks for a new upload when an input file is gone", async () => {
    await workshop.startWorker();
    const graph = slowGraph();
    graph["1"] = { class_type: "LoadImage", inputs: { image: "gone.png" } };
    const job = await workshop.reaches(await workshop.enqueue(graph), "failed");
    expect(job.failure).toMatchObject({ kind: "graph-refused", nodeId: "1" });
    expect(job.failure?.message).toContain("gone.png is not there any more");
  });

  it("refuses a graph that reaches out of the user's own files", async () => {
    await workshop.startWorker();
    const graph = slowGraph();
    graph["1"] = { class_type: "LoadImage", inputs: { image: "../user002/input/cat.png" } };
    const job = await workshop.reaches(await workshop.enqueue(graph), "failed");
    expect(job.failure?.kind).toBe("graph-refused");
  });

  it("says so when an output is gone, and makes it anew at the next run", async () => {
    await workshop.startWorker();
    await workshop.reaches(await workshop.enqueue(slowGraph()), "completed");
    await rm(join(workshop.directory, "comfyui/output/sub"), { recursive: true });
    const job = await workshop.reaches(await workshop.enqueue(slowGraph()), "failed");
    expect(job.failure).toMatchObject({ kind: "outputs-missing" });
    expect(job.failure?.message).toContain("picture_00001_.png");
    await workshop.reaches(await workshop.enqueue(slowGraph()), "completed");
  });

  it("stops a job that makes no progress", async () => {
    await workshop.startWorker({ EXECUTION_TIMEOUT_SECONDS: "0.5" });
    const id = await workshop.enqueue(slowGraph({ steps: 2, ms: 1500 }));
    const job = await workshop.reaches(id, "failed");
    expect(job.failure?.kind).toBe("timed-out");
  });

  it("stops a job that goes on and on, and says after how long", async () => {
    await workshop.startWorker({ JOB_TIMEOUT_SECONDS: "1" });
    const id = await workshop.enqueue(slowGraph({ steps: 500, ms: 50 }));
    const { failure } = await workshop.reaches(id, "failed");
    expect(failure).toMatchObject({
      kind: "timed-out",
      message: expect.stringMatching(/\b1 s(econds?)?\b/),
    });
  });
});

describe("a job that is cancelled", () => {
  it("is interrupted in ComfyUI, and the worker goes on with the next", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph({ steps: 500, ms: 50 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    await workshop.queue.cancel(id, user);
    const next = await workshop.enqueue(slowGraph({}, 77));
    await workshop.reaches(next, "completed");
    expect((await workshop.queue.job(id))?.state).toBe("cancelled");
    const history = await fetch(`${workshop.comfyui.url}/history/${id}`);
    expect(await history.text()).toContain("execution_interrupted");
  });
});

describe("a worker that is ready", () => {
  it("answers health checks with ComfyUI's version and is listed as simulated", async () => {
    const worker = await workshop.startWorker({ VRAM_MIB: "24000" });
    await until(async () => (await workshop.queue.workers()).length > 0);
    const health = await fetch(`${worker.healthUrl}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({
      status: "idle",
      comfyuiVersion: "0.11.1",
      undelivered: 0,
    });
    expect(await workshop.queue.workers()).toEqual([
      expect.objectContaining({ name: "worker-1", vramTotalMiB: 24_000, simulated: true }),
    ]);
  });
});
