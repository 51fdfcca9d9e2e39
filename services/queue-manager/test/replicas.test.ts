/** Two gateways on one Redis behave as one, and come through the death of either and of Redis. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Queue } from "@comfymulti/queue";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Browser, type BrowserSocket } from "./browser.ts";
import { registerWorker, TOKENS } from "./gateway.ts";
import { Replica } from "./replica.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

const DEPTH = 10;

let redis: TestRedis;
let queue: Queue;
let dataDirectory: string;
let replicas: [Replica, Replica];

beforeEach(async () => {
  redis = await startRedis();
  dataDirectory = await mkdtemp(path.join(tmpdir(), "replicas-"));
  const environment = {
    REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: redis.password,
    DATA_DIRECTORY: dataDirectory,
    USERS: JSON.stringify([
      { id: "user001", token: TOKENS.alice, frontendUrl: "http://127.0.0.1:9" },
      { id: "user002", token: TOKENS.bob, frontendUrl: "http://127.0.0.1:9" },
    ]),
    ADMIN_TOKEN: TOKENS.admin,
    WORKER_TOKENS: JSON.stringify({ "worker-1": TOKENS.worker }),
    FRONTEND_TOKEN: TOKENS.frontend,
    MAX_QUEUE_DEPTH: String(DEPTH),
    USER_PENDING_LIMIT: "100",
  };
  replicas = await Promise.all([Replica.start(environment), Replica.start(environment)]);
  queue = await Queue.connect({ ...redis });
  await registerWorker(queue);
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.end("SIGKILL")));
  await queue.close();
  await redis.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}, 30_000);

const alice = (replica: Replica) => new Browser(replica.origin, "user001", TOKENS.alice);
const saidEnd = ({ frames }: BrowserSocket) =>
  frames.some(({ type, data }) => type === "executing" && data["node"] === null);

test("a link opened at one opens the other, and a browser hears what was submitted elsewhere", async () => {
  const [first, second] = replicas;
  const link = await fetch(`${first.origin}/user001/?token=${TOKENS.alice}`, {
    redirect: "manual",
  });
  const [cookie = ""] = (link.headers.get("set-cookie") ?? "").split(";");
  const there = await fetch(`${second.origin}/user001/api/queue`, { headers: { cookie } });
  expect(there.status).toBe(200);

  const socket = await alice(first).socket("browser");
  const id = await alice(second).submit(graph, { client_id: "browser" });
  const { queue_pending } = await alice(first).get<{ queue_pending: unknown[][] }>("/queue");
  expect(queue_pending.map((item) => item[1])).toEqual([id]);
  const worker = new ScriptedWorker(queue);
  await worker.take();
  await worker.begin();
  await worker.finish();
  await socket.until(saidEnd);
  expect(socket.types.filter((type) => type === "execution_success")).toHaveLength(1);
  for (const replica of replicas) {
    expect(await alice(replica).get(`/history/${id}`)).toHaveProperty(id);
  }
  await socket.close();
});

test("50 submits at both at once fill the queue to the job", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      const replica = replicas[index % 2] ?? replicas[0];
      return alice(replica).post("/prompt", { prompt: graph });
    }),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(DEPTH);
  expect(statuses.filter((status) => status === 429)).toHaveLength(50 - DEPTH);
  expect(await queue.counts()).toMatchObject({ pending: DEPTH });
});

test("one killed in mid-job: its browser goes on at the other", async () => {
  const [first, second] = replicas;
  const socket = await alice(first).socket("browser");
  const id = await alice(first).submit(graph, { client_id: "browser" });
  const worker = new ScriptedWorker(queue);
  await worker.take();
  await worker.begin();
  await socket.untilType("executing");
  await first.end("SIGKILL");

  const again = await alice(second).socket("browser");
  await again.untilType("executing");
  await worker.finish();
  await again.until(saidEnd);
  expect(again.frames.find(({ type }) => type === "executed")?.data).toMatchObject({
    prompt_id: id,
  });
  await again.close();
});

test("SIGTERM ends it in order: open sockets are closed, and the exit code is 0", async () => {
  const [first] = replicas;
  const socket = new WebSocket(`${first.origin.replace("http", "ws")}/user001/ws`, {
    headers: { authorization: `Bearer ${TOKENS.alice}` },
  });
  await once(socket, "open");
  const closed = once(socket, "close");
  expect(await first.end("SIGTERM")).toBe(0);
  await closed;
});

test("Redis killed and back: no job lost, every browser hears each message once, no rush", async () => {
  const browsers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      alice(replicas[index % 2] ?? replicas[0]).socket(`browser-${index}`),
    ),
  );
  const ids = [];
  for (let job = 0; job < 3; job++) {
    ids.push(await alice(replicas[0]).submit(graph, { client_id: "browser-1" }));
  }
  const worker = new ScriptedWorker(queue);
  await worker.take();
  await worker.begin();
  await browsers[1]?.untilType("executing");

  await redis.kill();
  for (const replica of replicas) while ((await replica.health()) !== 503) await pause(50);
  const refused = await alice(replicas[1]).post("/prompt", { prompt: graph });
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { type: "queue_unavailable" } });
  await redis.restart();
  for (const replica of replicas) while ((await replica.health()) !== 200) await pause(50);

  await finishWhenRedisIsBack(worker);
  const own = browsers[1];
  await own?.until(saidEnd);
  for (const type of ["executed", "execution_success"]) {
    expect(own?.types.filter((name) => name === type)).toHaveLength(1);
  }
  // Nobody hears another client's messages, nor a status for each try to reconnect.
  for (const [index, socket] of browsers.entries()) {
    if (index !== 1) expect(new Set(socket.types)).toEqual(new Set(["status"]));
    expect(socket.types.filter((type) => type === "status").length).toBeLessThanOrEqual(6);
  }
  expect(await queue.counts()).toMatchObject({ pending: 2, completed: 1 });
  expect((await queue.waiting(10)).map(({ id }) => id)).toEqual(ids.slice(1));
  await Promise.all(browsers.map((socket) => socket.close()));
});

/** The worker's own connection comes back in its own time. */
async function finishWhenRedisIsBack(worker: ScriptedWorker): Promise<void> {
  for (;;) {
    try {
      await queue.ping();
      break;
    } catch {
      await pause(50);
    }
  }
  await worker.finish();
}
