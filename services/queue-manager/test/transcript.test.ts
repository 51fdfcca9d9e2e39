/** Same keys in the same order and of the same types as ComfyUI's own answers; values may differ. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import type { Frame } from "./browser.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

interface Transcript {
  readonly answers: Record<string, unknown>;
  readonly frames: Record<string, Frame>;
}

const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/transcripts/comfyui-0.11.1.json", import.meta.url), "utf8"),
) as Transcript;

/** Keys and types of a value. Job ids and node ids as keys stand for any key. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).map(([key, inner]) => [
    /^[0-9a-f]{8}-|^\d+$/.test(key) ? "*" : key,
    shape(inner),
  ]);
}

let gateway: TestGateway;
let id: string;
const frames: Frame[] = [];
const answers = new Map<string, unknown>();

beforeAll(async () => {
  gateway = await startGateway();
  const { alice, queue } = gateway;
  const socket = await alice.socket("gw-6590d5e4");
  socket.send({ type: "feature_flags", data: { supports_preview_metadata: true } });
  await socket.untilType("feature_flags");
  const submission = await alice.post("/prompt", {
    // The recorded graph had a fourth node between the first and the second.
    prompt: { ...graph, "4": { class_type: "ImageInvert", inputs: { image: ["1", 0] } } },
    client_id: "gw-6590d5e4",
    extra_data: { extra_pnginfo: { workflow: { id: "wf-1", nodes: [] } } },
  });
  const accepted = (await submission.json()) as { prompt_id: string };
  answers.set("POST /prompt", accepted);
  id = accepted.prompt_id;
  const worker = new ScriptedWorker(queue);
  await worker.take();
  answers.set("GET /prompt", await alice.get("/prompt"));
  answers.set("GET /queue", await alice.get("/queue"));
  await worker.begin();
  // Only a job that the gateway has heard of is in its middle.
  await socket.untilType("executing");
  const again = await alice.socket("gw-6590d5e4");
  await again.untilType("executing");
  await worker.finish();
  await socket.untilType("execution_success");
  answers.set("GET /history/{id}", await alice.get(`/history/${id}`));
  answers.set("GET /api/jobs", await alice.get("/api/jobs"));
  answers.set("GET /api/jobs/{id}", await alice.get(`/api/jobs/${id}`));
  answers.set("GET /system_stats", await alice.get("/system_stats"));
  answers.set("GET /features", await alice.get("/features"));
  await socket.until((seen) => seen.frames.some(({ data }) => data["node"] === null));
  frames.push(...socket.frames, ...again.frames.filter(({ type }) => type === "executing"));
  await Promise.all([socket.close(), again.close()]);
});
afterAll(() => gateway.close());

test.each([
  "POST /prompt",
  "GET /prompt",
  "GET /history/{id}",
  "GET /api/jobs",
  "GET /api/jobs/{id}",
  "GET /features",
])("%s", (route) => {
  expect(withoutGraph(shape(answers.get(route)))).toEqual(
    withoutGraph(shape(recorded.answers[route])),
  );
});

test("GET /queue", () => {
  const tuple = (answer: unknown) => (answer as { queue_running: unknown[][] }).queue_running[0];
  const [number, promptId, , extraData, outputs] = tuple(answers.get("GET /queue")) ?? [];
  const [, , , recordedExtraData, recordedOutputs] = tuple(recorded.answers["GET /queue"]) ?? [];
  expect([typeof number, promptId]).toEqual(["number", id]);
  expect(shape(extraData)).toEqual(shape(recordedExtraData));
  expect(outputs).toEqual(recordedOutputs);
});

test("GET /system_stats has ComfyUI's keys", () => {
  const keys = (answer: unknown) => {
    const { system, devices } = answer as { system: object; devices: object[] };
    return [Object.keys(system), Object.keys(devices[0] ?? {})];
  };
  expect(keys(answers.get("GET /system_stats"))).toEqual(
    keys(recorded.answers["GET /system_stats"]),
  );
});

test.each([
  ["status (first)", (frame: Frame) => "sid" in frame.data],
  ["status", (frame: Frame) => frame.type === "status" && !("sid" in frame.data)],
  ["feature_flags", (frame: Frame) => frame.type === "feature_flags"],
  ["execution_success", (frame: Frame) => frame.type === "execution_success"],
  ["executing (end)", (frame: Frame) => frame.data["node"] === null],
  ["executing (reconnect)", (frame: Frame) => Object.keys(frame.data).join() === "node"],
])("frame %s", (name, wanted) => {
  expect(shape(frames.find(wanted))).toEqual(shape(recorded.frames[name]));
});

/** The graphs differ: what they hold is no matter of form. */
function withoutGraph(form: unknown): unknown {
  if (!Array.isArray(form)) return form;
  const isNode = (entry: unknown) => JSON.stringify(entry).startsWith('["*",[["inputs"');
  const isNodeByType = (entry: unknown) => JSON.stringify(entry).startsWith('["*",[["class_type"');
  return form
    .filter((entry: unknown) => !isNode(entry) && !isNodeByType(entry))
    .map((entry: unknown) => withoutGraph(entry));
}
