import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

/** Alice submits a graph and a worker begins it. */
async function startJob(more: Record<string, unknown>): Promise<ScriptedWorker> {
  await gateway.alice.submit(graph, more);
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await worker.begin();
  return worker;
}

test("the first frame is the status with the socket's id; flags are answered after it", async () => {
  const socket = await gateway.alice.socket();
  socket.send({ type: "feature_flags", data: { supports_preview_metadata: true } });
  await socket.untilType("feature_flags");
  expect(socket.frames).toEqual([
    {
      type: "status",
      data: {
        status: { exec_info: { queue_remaining: 0 } },
        sid: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      },
    },
    {
      type: "feature_flags",
      data: {
        supports_preview_metadata: true,
        max_upload_size: 104_857_600,
        extension: { manager: { supports_v4: true } },
      },
    },
  ]);
  await socket.close();
});

test("a job is told to its own client in ComfyUI's order, and its status to all of the user", async () => {
  const own = await gateway.alice.socket("own");
  const other = await gateway.alice.socket("other");
  const stranger = await gateway.bob.socket("own");
  await Promise.all([own, other, stranger].map((socket) => socket.untilType("status")));
  const worker = await startJob({ client_id: "own" });
  await worker.finish();
  await own.until(({ frames }) => frames.some(({ data }) => data["node"] === null));
  await other.untilType("status", 4);
  expect(own.types).toEqual([
    "status",
    "status",
    "status",
    "execution_start",
    "execution_cached",
    "executing",
    "executed",
    "execution_success",
    "status",
    "executing",
  ]);
  const prompt_id = worker.claim.job.id;
  expect(own.frames.at(-1)).toEqual({ type: "executing", data: { node: null, prompt_id } });
  expect(other.types).toEqual(["status", "status", "status", "status"]);
  expect(stranger.types).toEqual(["status"]);
  await Promise.all([own.close(), other.close(), stranger.close()]);
});

test("the end is told once, whatever the worker says", async () => {
  const socket = await gateway.alice.socket("once");
  await socket.untilType("status");
  const worker = await startJob({ client_id: "once" });
  await worker.say("execution_success", {});
  await worker.say("executing", { node: null });
  await worker.say("status", { status: { exec_info: { queue_remaining: 99 } } });
  await worker.finish();
  await socket.untilType("execution_success");
  // A round trip of another job: whatever could still come of the first has come.
  const next = await startJob({ client_id: "once" });
  await next.finish();
  await socket.untilType("execution_success", 2);
  await socket.untilType("status", 7);
  const ends = socket.frames.filter(({ data }) => data["prompt_id"] === worker.claim.job.id);
  expect(ends.filter(({ type }) => type === "execution_success")).toHaveLength(1);
  expect(ends.filter(({ data }) => data["node"] === null)).toHaveLength(1);
  expect(JSON.stringify(socket.frames)).not.toContain('"queue_remaining":99');
  await socket.close();
});

test("a failure is told in words, without paths or tensors", async () => {
  const socket = await gateway.alice.socket("fails");
  await socket.untilType("status");
  const worker = await startJob({ client_id: "fails" });
  const failure = {
    kind: "execution-error",
    message: "The picture has no pixels.",
    nodeId: "3",
    nodeType: "SaveImage",
    exceptionType: "ValueError",
  } as const;
  await gateway.queue.fail(worker.holder, failure, undefined);
  await socket.until(({ frames }) => frames.some(({ data }) => data["node"] === null));
  const { data } = socket.frames.find(({ type }) => type === "execution_error") ?? { data: {} };
  expect(Object.keys(data)).toEqual([
    "prompt_id",
    "node_id",
    "node_type",
    "executed",
    "exception_message",
    "exception_type",
    "traceback",
    "current_inputs",
    "current_outputs",
    "timestamp",
  ]);
  expect(data).toMatchObject({
    node_id: "3",
    exception_message: "The picture has no pixels.",
    exception_type: "ValueError",
    traceback: [],
  });
  await socket.close();
});

test("an interrupted job is told as interrupted, a waiting one only by status", async () => {
  const socket = await gateway.alice.socket("stops");
  await socket.untilType("status");
  const worker = await startJob({ client_id: "stops" });
  const waiting = await gateway.alice.submit(graph, { client_id: "stops" });
  await gateway.alice.post("/queue", { delete: [waiting] });
  await gateway.alice.post("/interrupt", "");
  await socket.until(({ frames }) => frames.some(({ data }) => data["node"] === null));
  const told = socket.frames.find(({ type }) => type === "execution_interrupted");
  expect(told?.data).toMatchObject({ prompt_id: worker.claim.job.id, executed: [] });
  expect(JSON.stringify(socket.frames)).not.toContain(waiting);
  await socket.close();
});

test("a browser that comes back in mid-job learns how far it is", async () => {
  const before = await gateway.alice.socket("comes-back");
  await before.untilType("status");
  const worker = await startJob({ client_id: "comes-back" });
  const prompt_id = worker.claim.job.id;
  const nodes = { "1": { state: "finished", value: 1, max: 1 } };
  await worker.say("progress_state", { nodes: {} });
  await worker.say("progress_state", { nodes });
  await worker.say("executed", { node: "1", display_node: "1", output: { text: ["half"] } });
  await worker.say("executing", { node: "2", display_node: "2" });
  await before.untilType("executing", 2);
  await before.close();
  const after = await gateway.alice.socket("comes-back");
  await after.untilType("executing");
  expect(after.frames).toEqual([
    {
      type: "status",
      data: { status: { exec_info: { queue_remaining: 1 } }, sid: "comes-back" },
    },
    { type: "execution_start", data: { prompt_id, timestamp: 1 } },
    { type: "execution_cached", data: { nodes: [], prompt_id, timestamp: 2 } },
    {
      type: "executed",
      data: { node: "1", display_node: "1", output: { text: ["half"] }, prompt_id },
    },
    { type: "progress_state", data: { nodes, prompt_id } },
    { type: "executing", data: { node: "2" } },
  ]);
  const stranger = await gateway.alice.socket("another-tab");
  await stranger.untilType("status");
  expect(stranger.types).toEqual(["status"]);
  await worker.finish();
  await after.untilType("execution_success");
  await Promise.all([after.close(), stranger.close()]);
});

test("a job that was given back and is cancelled while it waits is not told as interrupted", async () => {
  const socket = await gateway.alice.socket("given-back");
  await socket.untilType("status");
  const worker = await startJob({ client_id: "given-back" });
  await socket.untilType("executing");
  await gateway.queue.release(worker.holder, "draining");
  const prompt_id = worker.claim.job.id;
  await gateway.alice.post("/queue", { delete: [prompt_id] });
  await socket.untilType("executing", 2);
  expect(socket.types).not.toContain("execution_interrupted");
  expect(socket.frames.at(-1)).toEqual({ type: "executing", data: { node: null, prompt_id } });
  await socket.close();
});

test("previews go with metadata to those who understand it, and as plain pictures to others", async () => {
  const modern = await gateway.alice.socket("previews");
  modern.send({ type: "feature_flags", data: { supports_preview_metadata: true } });
  await modern.untilType("feature_flags");
  const legacy = await gateway.alice.socket("previews");
  await legacy.untilType("status");
  const worker = await startJob({ client_id: "previews" });
  await legacy.untilType("executing");
  await modern.untilType("executing");
  await worker.preview({ node_id: "1", image_type: "image/jpeg" }, JPEG);
  await modern.until(({ binary }) => binary.length === 1);
  await legacy.until(({ binary }) => binary.length === 1);
  expect(modern.binary[0]?.readUInt32BE(0)).toBe(4);
  expect(legacy.binary[0]).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), JPEG]));
  await worker.finish();
  await Promise.all([modern.close(), legacy.close()]);
});

test("of a prompt without client_id every socket hears progress and none the execution", async () => {
  const socket = await gateway.alice.socket("listens");
  await socket.untilType("status");
  const worker = await startJob({});
  await worker.say("progress", { value: 1, max: 4, node: "1" });
  await worker.finish();
  await socket.untilType("status", 4);
  expect(socket.types.filter((type) => type !== "status")).toEqual(["progress"]);
  await socket.close();
});
