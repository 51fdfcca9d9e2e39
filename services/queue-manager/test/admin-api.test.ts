/** The host's API: what it tells and what it does, over real HTTP with a real queue. */
import type { Queue } from "@comfymulti/queue";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { Host } from "./host.ts";
import { graph, ScriptedWorker, WORKER } from "./scripted-worker.ts";

interface Page {
  jobs: { id: string; state: string }[];
  total: number;
}

let gateway: TestGateway;
let host: Host;
beforeEach(async () => {
  gateway = await startGateway({
    environment: { MAX_QUEUE_DEPTH: "300", USER_PENDING_LIMIT: "300" },
  });
  host = new Host(gateway);
});
afterEach(() => gateway.close());

const failure = { kind: "out-of-memory", message: "Too large for this GPU." } as const;

/** Many small jobs of both users in turn, straight into the queue. */
async function enqueue(queue: Queue, jobs: number): Promise<void> {
  await Promise.all(
    Array.from({ length: jobs }, (_, index) =>
      queue.enqueue({
        id: `job-${index}`,
        user: index % 2 === 0 ? "user001" : "user002",
        clientId: "",
        payload: { prompt: graph, extraData: {}, outputsToExecute: ["3"] },
        costSeconds: 1,
        vramMiB: 0,
      }),
    ),
  );
}

async function failNext(): Promise<string> {
  const worker = new ScriptedWorker(gateway.queue);
  const { job } = await worker.take();
  await gateway.queue.fail(worker.holder, failure, undefined);
  return job.id;
}

describe("jobs", () => {
  test("are listed by user, state and page, without graphs, in a stable order", async () => {
    const first = await gateway.alice.submit(graph);
    const second = await gateway.bob.submit(graph);
    const third = await gateway.alice.submit(graph);
    await new ScriptedWorker(gateway.queue).take();
    const ids = async (query: string) =>
      (await host.get<Page>(`/jobs${query}`)).jobs.map(({ id }) => id);
    expect(await ids("")).toEqual([third, second, first]);
    expect(await ids("?order=asc")).toEqual([first, second, third]);
    expect(await ids("?order=asc&offset=1&limit=1")).toEqual([second]);
    expect(await ids("?user=user001&state=pending")).toEqual([third]);
    expect(await ids("?state=pending&state=running&limit=2")).toEqual([third, second]);
    expect(await host.get("/jobs?limit=1")).toMatchObject({ total: 3 });
    expect(JSON.stringify(await host.get("/jobs"))).not.toContain("EmptyImage");
  });

  test("one is told with its position, and with its workflow on demand", async () => {
    await gateway.alice.submit(graph);
    const extra_data = {
      extra_pnginfo: { workflow: { nodes: [] } },
      auth_token_comfy_org: "secret-of-alice",
    };
    const id = await gateway.bob.submit(graph, { extra_data });
    expect(await host.get(`/jobs/${id}`)).toMatchObject({ id, user: "user002", position: 1 });
    const workflow = await host.get<{ prompt: object }>(`/jobs/${id}/workflow`);
    expect(workflow).toMatchObject({ extra_data: { extra_pnginfo: { workflow: { nodes: [] } } } });
    expect(Object.keys(workflow.prompt)).toEqual(Object.keys(graph));
    expect(JSON.stringify(workflow)).not.toContain("secret-of-alice");
    expect((await host.fetch("/api/v1/jobs/nope/workflow")).status).toBe(404);
  });

  test("one is cancelled once", async () => {
    const id = await gateway.alice.submit(graph);
    const cancelled = await host.post(`/jobs/${id}/cancel`);
    expect(await cancelled.json()).toMatchObject({ id, state: "cancelled" });
    const again = await host.post(`/jobs/${id}/cancel`);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({
      error: { type: "wrong_state", details: "The job is cancelled already." },
    });
    expect((await host.post("/jobs/nope/cancel")).status).toBe(404);
  });

  test("a failed one runs again under its own id, a waiting one does not", async () => {
    const id = await gateway.alice.submit(graph);
    expect(await failNext()).toBe(id);
    expect(await host.get(`/jobs/${id}`)).toMatchObject({ state: "failed", failure });
    const retried = await host.post(`/jobs/${id}/retry`);
    expect(await retried.json()).toMatchObject({ id, state: "pending" });
    expect((await host.post(`/jobs/${id}/retry`)).status).toBe(409);
    const worker = new ScriptedWorker(gateway.queue);
    expect((await worker.take()).job.id).toBe(id);
    await worker.begin();
    await worker.finish();
    expect(await host.get(`/jobs/${id}`)).toMatchObject({ id, state: "completed" });
    expect(await host.get("/jobs")).toMatchObject({ total: 1 });
  });

  test("a waiting one moves to the front; priorities need their policy", async () => {
    await gateway.alice.submit(graph);
    const last = await gateway.alice.submit(graph);
    const moved = await host.post(`/jobs/${last}/reprioritise`, { to: "front" });
    expect(await moved.json()).toMatchObject({ id: last, state: "pending" });
    expect(await host.get(`/jobs/${last}`)).toMatchObject({ position: 0 });
    const refused = await host.post(`/jobs/${last}/reprioritise`, { priority: 5 });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { type: "wrong_policy" } });
  });

  test.each([{}, { to: "back" }, { priority: 1.5 }, { to: "front", priority: 1 }])(
    "another place is not read from %j",
    async (body) => {
      const id = await gateway.alice.submit(graph);
      const response = await host.post(`/jobs/${id}/reprioritise`, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { type: "invalid_request", details: expect.stringContaining('{"to": "front"}') },
      });
    },
  );

  test("all are cancelled, over more than one page; ended ones do not count", async () => {
    await enqueue(gateway.queue, 250);
    await new ScriptedWorker(gateway.queue).take();
    await failNext();
    const response = await host.post("/jobs/cancel");
    expect(await response.json()).toEqual({ cancelled: 249 });
    expect(await host.get("/queue")).toMatchObject({
      jobs: { pending: 0, running: 0, failed: 1, cancelled: 249 },
    });
    expect(await (await host.post("/jobs/cancel")).json()).toEqual({ cancelled: 0 });
  });

  test("the cancelled ones can be one user's, or those that wait", async () => {
    await enqueue(gateway.queue, 9);
    const claimed = await new ScriptedWorker(gateway.queue).take();
    const waiting = await host.post("/jobs/cancel", { user: "user001", states: ["pending"] });
    expect(await waiting.json()).toEqual({ cancelled: 4 });
    expect(await host.get(`/jobs/${claimed.job.id}`)).toMatchObject({ state: "running" });
    const others = await host.post("/users/user002/cancel");
    expect(await others.json()).toEqual({ cancelled: 4 });
    expect((await host.post("/jobs/cancel", { user: "nobody" })).status).toBe(404);
    expect((await host.post("/users/nobody/cancel")).status).toBe(404);
    expect((await host.post("/jobs/cancel", { states: ["completed"] })).status).toBe(400);
    expect((await host.post("/jobs/cancel", { usr: "user001" })).status).toBe(400);
  });

  test.each(["limit=0", "limit=1001", "offset=-1", "state=lost", "user=A", "order=random"])(
    "a list with %s is refused in words",
    async (query) => {
      const response = await host.fetch(`/api/v1/jobs?${query}`);
      expect(response.status).toBe(400);
      const name = query.split("=")[0] ?? "";
      expect(await response.json()).toMatchObject({
        error: { type: "invalid_request", details: expect.stringContaining(name) },
      });
    },
  );
});

describe("the queue", () => {
  test("is paused for new jobs and taken up again", async () => {
    expect(await host.get("/queue")).toMatchObject({
      policy: "fair",
      paused: false,
      limits: { maxQueueDepth: 300, userPendingLimit: 300 },
    });
    const waiting = await gateway.alice.submit(graph);
    expect(await (await host.post("/queue/pause")).json()).toEqual({ paused: true, closed: false });
    expect(await host.get("/queue")).toMatchObject({ paused: true, jobs: { pending: 1 } });
    const refused = await gateway.alice.post("/prompt", { prompt: graph });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      error: { type: "queue_paused", message: expect.stringContaining("paused") },
    });
    expect((await new ScriptedWorker(gateway.queue).take()).job.id).toBe(waiting);
    expect(await (await host.post("/queue/resume")).json()).toEqual({
      paused: false,
      closed: false,
    });
    expect(await gateway.alice.submit(graph)).toBeTruthy();
  });

  test("tells its memory beside the most that it may take", async () => {
    await gateway.alice.submit(graph);
    const memory = await host.get<Record<string, number> & { bound: unknown }>("/memory");
    expect(memory["used"]).toBeGreaterThan(0);
    expect(memory["waiting"]).toBeGreaterThan(0);
    expect(memory["history"]).toBe(0);
    const MiB = 2 ** 20;
    expect(memory.bound).toEqual({
      waiting: 256 * MiB,
      history: 2 * 32 * MiB,
      total: (256 + 64) * MiB,
    });
  });

  test("tells every limit in force", async () => {
    const limits = await host.get<Record<string, unknown>>("/limits");
    expect(limits).toMatchObject({
      queuePolicy: "fair",
      maxQueueDepth: 300,
      affinityPasses: 3,
      maxWorkerLosses: 10,
      historyDays: 7,
    });
    for (const [name, value] of Object.entries(limits)) {
      if (name !== "queuePolicy") expect.soft(value, name).toBeTypeOf("number");
    }
  });
});

test("users are told with their weights and jobs, and without their tokens", async () => {
  await gateway.bob.submit(graph);
  const text = await (await host.fetch("/api/v1/users")).text();
  expect(JSON.parse(text)).toMatchObject({
    users: [
      { id: "user001", weight: 1, jobs: { pending: 0 } },
      { id: "user002", weight: 1, jobs: { pending: 1 } },
    ],
  });
  expect(text).not.toContain(gateway.bob.token);
});

test("workers are told with what they have loaded, drained, and emptied", async () => {
  const heard: unknown[] = [];
  await gateway.queue.onControl(WORKER, (message) => heard.push(message));
  const [info] = await gateway.queue.workers();
  if (!info) throw new Error("no worker");
  await gateway.queue.heartbeatWorker({ ...info, loadedModels: ["big.safetensors"] }, "idle");
  expect(await host.get("/workers")).toMatchObject({
    workers: [{ name: WORKER, simulated: true, loadedModels: ["big.safetensors"] }],
  });
  expect(await (await host.post(`/workers/${WORKER}/drain`)).json()).toEqual({ sent: true });
  await host.post(`/workers/${WORKER}/free`);
  await expect
    .poll(() => heard)
    .toEqual([{ kind: "drain" }, { kind: "free", unloadModels: true, freeMemory: true }]);
  expect((await host.post("/workers/worker-9/drain")).status).toBe(404);
});

test("metrics tell the queue, the workers and Redis' memory, at both addresses", async () => {
  await gateway.alice.submit(graph);
  await gateway.alice.post("/prompt", {});
  await host.post("/queue/pause");
  for (const path of ["/metrics", "/api/v1/metrics"]) {
    const response = await host.fetch(path);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toMatch(/^comfymulti_prompts_refused_total\{type="no_prompt"\} 1$/m);
    expect(text).toMatch(/^comfymulti_queue_jobs\{state="pending"\} 1$/m);
    expect(text).toMatch(/^comfymulti_queue_jobs\{state="cancelled"\} 0$/m);
    expect(text).toMatch(/^comfymulti_workers\{status="idle"\} 1$/m);
    expect(text).toMatch(/^comfymulti_worker_silence_seconds\{worker="worker-1"\} \d/m);
    expect(text).toMatch(/^comfymulti_leases_expired_total 0$/m);
    expect(text).toMatch(/^comfymulti_queue_paused 1$/m);
    expect(text).toMatch(/^comfymulti_redis_up 1$/m);
    expect(text).toMatch(/^comfymulti_redis_memory_used_bytes [1-9]/m);
    expect(text).toMatch(/^comfymulti_queue_waiting_bytes [1-9]/m);
    expect(text).toMatch(/^comfymulti_http_request_duration_seconds_count/m);
  }
});

test("metrics leave the queue's figures out while Redis is away, rather than telling zeros", async () => {
  await gateway.alice.submit(graph);
  expect(await (await host.fetch("/metrics")).text()).toContain("comfymulti_queue_jobs{");
  await gateway.redis.kill();
  const text = await (await host.fetch("/metrics")).text();
  expect(text).toMatch(/^comfymulti_redis_up 0$/m);
  expect(text).not.toMatch(/^comfymulti_(queue|worker|redis_memory)/m);
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  await gateway.redis.restart();
});
