/** Jobs that a provider's replicas run: real queue manager, Redis and replicas, and a stand-in provider. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../queue-manager/test/gateway.ts";
import { environmentSchema, startDispatcher, type DispatcherApp } from "../src/index.ts";
import { KEY, Provider } from "./support/provider.ts";

const TEST_MS = 60_000;
const SLOTS = {
  "serverless-1": "token-of-slot-1-0123",
  "serverless-2": "token-of-slot-2-0123",
  "serverless-3": "token-of-slot-3-0123",
};

let folder: string;
let gateway: TestGateway;
let provider: Provider;
let dispatchers: DispatcherApp[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "comfymulti-dispatcher-"));
  gateway = await startGateway({
    worker: false,
    environment: {
      WORKER_TOKENS: JSON.stringify(SLOTS),
      USER_PENDING_LIMIT: "100",
      MAX_WORKER_LOSSES: "50",
    },
  });
  provider = await Provider.start();
  dispatchers = [];
});
afterEach(async () => {
  await Promise.all(dispatchers.map((dispatcher) => dispatcher.close()));
  await provider.close();
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
}, TEST_MS);

async function dispatch(changes: Record<string, string> = {}): Promise<DispatcherApp> {
  const environment = environmentSchema.parse({
    ENDPOINT_URL: provider.url,
    INFERENCE_KEY: KEY,
    SLOT_TOKENS: JSON.stringify({ "serverless-1": SLOTS["serverless-1"] }),
    QUEUE_MANAGER_URL: gateway.origin,
    REDIS_PORT: String(gateway.redis.port),
    REDIS_PASSWORD: gateway.redis.password,
    FACTS_FILE: path.join(folder, "facts.json"),
    LEASE_SECONDS: "2",
    DRAIN_SECONDS: "0",
    HEALTH_PORT: "1",
    LOG_LEVEL: "silent",
    ...changes,
  });
  const log = pino({ level: environment.LOG_LEVEL });
  const dispatcher = await startDispatcher({ ...environment, HEALTH_PORT: 0 }, log);
  dispatchers.push(dispatcher);
  return dispatcher;
}

/** Takes `steps` × `ms`, with progress and previews. */
const slowGraph = ({ color = 255, steps = 4, ms = 20 } = {}) => ({
  "1": { class_type: "EmptyImage", inputs: { width: 64, height: 48, batch_size: 1, color } },
  "2": { class_type: "GwSlow", inputs: { image: ["1", 0], steps, ms, fail: false } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: `job${color}` } },
});

/** Submits, once the slots have brought the replicas' nodes. */
async function submit(graph: object, clientId: string): Promise<string> {
  while ((await gateway.queue.workers()).length === 0) await pause(20);
  return await gateway.alice.submit(graph, { client_id: clientId });
}

const state = async (id: string) => (await gateway.queue.job(id))?.state;
async function reaches(id: string, wanted: string): Promise<void> {
  while ((await state(id)) !== wanted) await pause(20);
}

async function outputOf(id: string): Promise<Buffer> {
  const history = await gateway.alice.get<
    Record<string, { outputs: Record<string, { images: { filename: string }[] }> }>
  >(`/history/${id}`);
  const [image] = history[id]?.outputs["3"]?.images ?? [];
  const answer = await gateway.alice.fetch(`/view?filename=${image?.filename}&type=output`);
  return Buffer.from(await answer.arrayBuffer());
}

/** What a ComfyUI makes of a graph when nobody stands in between. */
async function madeBy(graph: object): Promise<Buffer> {
  const dataDirectory = path.join(folder, "reference");
  const comfyui = await createSimulatedComfyui({
    ...{ dataDirectory, port: 0, speed: 1000, testNodes: true },
  });
  try {
    await fetch(new URL("/prompt", comfyui.url), {
      method: "POST",
      body: JSON.stringify({ prompt: graph }),
    });
    for (;;) {
      const [file] = await readdir(path.join(dataDirectory, "output")).catch(() => []);
      const { queue_running: running } = (await (
        await fetch(new URL("/queue", comfyui.url))
      ).json()) as { queue_running: unknown[] };
      if (file !== undefined && running.length === 0) {
        return await readFile(path.join(dataDirectory, "output", file));
      }
      await pause(20);
    }
  } finally {
    await comfyui.close();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

it(
  "runs a job on a replica: messages, previews and byte-identical outputs reach the participant",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    await dispatch();
    const socket = await gateway.alice.socket("editor");
    const graph = slowGraph({ steps: 10, ms: 100 });
    const id = await submit(graph, "editor");
    await socket.until(({ frames }) =>
      frames.some(({ type, data }) => type === "executing" && data["node"] === null),
    );
    expect(await state(id)).toBe("completed");
    const told = socket.types.filter((type) => type.startsWith("execut"));
    expect([told[0], told.at(-2), told.at(-1)]).toEqual([
      "execution_start",
      "execution_success",
      "executing",
    ]);
    expect(socket.types).toContain("progress");
    expect(socket.binary.length).toBeGreaterThan(0);
    expect(await outputOf(id)).toEqual(await madeBy(graph));
    await socket.close();
  },
);

it(
  "shows a cold start at the graph's output, and runs the job once a replica is up",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    await dispatch();
    const socket = await gateway.alice.socket("editor");
    await reaches(await submit(slowGraph({ color: 1 }), "editor"), "completed");
    await provider.scaleToZero();
    socket.binary.length = 0;
    const id = await submit(slowGraph({ color: 2 }), "editor");
    await socket.until(({ binary }) => binary.length > 0);
    const [frame] = socket.binary;
    expect(frame?.readUInt32BE(0)).toBe(3);
    expect(frame?.toString("utf8", 8)).toMatch(/^3Waiting for a GPU to start… \d+ s$/);
    expect(await gateway.queue.workers()).toMatchObject([{ status: "starting", jobId: id }]);
    await provider.scaleUp(gateway.origin);
    await reaches(id, "completed");
    await socket.close();
  },
);

it(
  "takes jobs with no replica up when it is started again, because it kept what they are",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    const first = await dispatch();
    await reaches(await submit(slowGraph({ color: 1 }), "editor"), "completed");
    await first.close();
    dispatchers.splice(0);
    await provider.scaleToZero();
    provider.calls.length = 0;
    await dispatch();
    const id = await submit(slowGraph({ color: 2 }), "editor");
    await reaches(id, "running");
    await provider.scaleUp(gateway.origin);
    await reaches(id, "completed");
    expect(provider.calls).not.toContain("GET /facts");
  },
);

it(
  "gives the job of a replica that was taken away to another, once the lease ran out",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    await dispatch();
    const socket = await gateway.alice.socket("editor");
    const id = await submit(slowGraph({ steps: 200, ms: 20 }), "editor");
    await socket.untilType("progress");
    const [replica] = provider.replicas;
    if (!replica) throw new Error("a replica runs");
    await provider.evict(replica);
    await provider.scaleUp(gateway.origin);
    await reaches(id, "completed");
    expect(await gateway.queue.job(id)).toMatchObject({ attempt: 2, losses: 1, faults: 0 });
    await socket.close();
  },
);

it(
  "says that the key is refused, gives the job back, and logs no key",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    const dispatcher = await dispatch();
    await reaches(await submit(slowGraph({ color: 1 }), "editor"), "completed");
    provider.refusesKey = true;
    const id = await submit(slowGraph({ color: 2 }), "editor");
    const health = () => fetch(`${dispatcher.healthUrl}/health`);
    expect((await fetch(`${dispatcher.healthUrl}/live`)).status).toBe(204);
    while ((await health()).status === 200) await pause(20);
    const text = await (await health()).text();
    expect(text).toContain("set INFERENCE_KEY");
    expect(text).not.toContain(KEY);
    await reaches(id, "pending");
    expect(await gateway.queue.job(id)).toMatchObject({ faults: 0, losses: 0 });
  },
);

it(
  "stops the job on the replica when it is cancelled, and goes on with the next",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    await dispatch();
    const socket = await gateway.alice.socket("editor");
    const long = await submit(slowGraph({ steps: 1000, ms: 50 }), "editor");
    await socket.untilType("progress");
    await gateway.alice.post("/interrupt", {});
    await reaches(long, "cancelled");
    await reaches(await submit(slowGraph({ color: 2 }), "editor"), "completed");
    await socket.close();
  },
);

it(
  "gives a running job back when it is closed, and another dispatcher finishes it",
  { timeout: TEST_MS },
  async () => {
    await provider.scaleUp(gateway.origin);
    const first = await dispatch();
    const socket = await gateway.alice.socket("editor");
    const id = await submit(slowGraph({ steps: 60, ms: 50 }), "editor");
    await socket.untilType("progress");
    await first.close();
    dispatchers.splice(0);
    expect(await gateway.queue.job(id)).toMatchObject({ state: "pending", faults: 0, losses: 0 });
    await dispatch();
    await reaches(id, "completed");
    await socket.close();
  },
);

it(
  "completes each of 40 jobs exactly once while replicas are taken away",
  { timeout: 120_000 },
  async () => {
    await provider.scaleUp(gateway.origin, 3);
    await dispatch({ SLOT_TOKENS: JSON.stringify(SLOTS) });
    const ids: string[] = [];
    for (let color = 1; color <= 40; color++) {
      ids.push(await submit(slowGraph({ color, steps: 10, ms: 30 }), "editor"));
    }
    for (let eviction = 0; eviction < 4; eviction++) {
      await pause(500 + Math.random() * 1_000);
      const replica = provider.replicas[Math.floor(Math.random() * provider.replicas.length)];
      if (!replica) throw new Error("replicas run");
      await provider.evict(replica);
      await provider.scaleUp(gateway.origin);
    }
    for (const id of ids) await reaches(id, "completed");
    const completed = new Map<string, number>();
    for (const { event } of await gateway.queue.eventsSince("user001", "0")) {
      if (event.kind !== "state" || event.state !== "completed") continue;
      completed.set(event.job, (completed.get(event.job) ?? 0) + 1);
    }
    expect(ids.map((id) => completed.get(id))).toEqual(ids.map(() => 1));
  },
);
