/** The plain reading of Redis, held against the queue itself. */
import { Queue } from "@comfymulti/queue";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RedisWatch } from "./redis-watch.ts";

let redis: TestRedis;
let queue: Queue;
let watch: RedisWatch;

beforeEach(async () => {
  redis = await startRedis();
  queue = await Queue.connect({ host: redis.host, port: redis.port, password: redis.password });
});
afterEach(async () => {
  watch.close();
  await queue.close();
  await redis.stop();
});

const start = () =>
  RedisWatch.start({ port: redis.port, password: redis.password }, ["user001", "user002"]);

const enqueue = (id: string, user = "user001") =>
  queue.enqueue({
    id,
    user,
    clientId: "page",
    payload: { prompt: { "1": {} }, extraData: {}, outputsToExecute: ["1"] },
    costSeconds: 1,
    vramMiB: 0,
  });

const result = { outputs: {}, meta: {}, messages: [] };

async function claim() {
  const claimed = await queue.claim("worker-1", 1000);
  if (!claimed) throw new Error("there is a job");
  return { worker: "worker-1", job: claimed.job.id, attempt: claimed.attempt };
}

it("tells every change of state and how each job stands", async () => {
  watch = await start();
  await enqueue("done");
  await queue.complete(await claim(), result);
  await enqueue("held", "user002");
  await claim();
  await enqueue("waits");
  await queue.cancel("waits", "user001");

  const { jobs, changes, held } = await watch.read();
  expect(changes.map(({ user, job, reason }) => `${user} ${job} ${reason}`).toSorted()).toEqual([
    "user001 done claimed",
    "user001 done completed",
    "user001 done enqueued",
    "user001 waits cancelled",
    "user001 waits enqueued",
    "user002 held claimed",
    "user002 held enqueued",
  ]);
  expect(new Map(jobs.map(({ id, state }) => [id, state]))).toEqual(
    new Map([
      ["done", "completed"],
      ["waits", "cancelled"],
      ["held", "running"],
    ]),
  );
  expect(held).toEqual(["held"]);
});

it("counts from its start on", async () => {
  await enqueue("before");
  watch = await start();
  const { jobs, changes } = await watch.read();
  expect(changes).toEqual([]);
  expect(jobs.map(({ id }) => id)).toEqual(["before"]);
});

it("loses nothing of more than a stream keeps", { timeout: 60_000 }, async () => {
  watch = await start();
  const holders = [];
  for (const id of ["first", "second"]) {
    await enqueue(id);
    const holder = await claim();
    holders.push(holder);
    for (let round = 0; round < 800; round++) {
      await queue.publishMessage(holder, { type: "executing", data: { node: `${round}` } }, false);
    }
    await queue.complete(holder, result);
  }
  const { changes } = await watch.read();
  expect(changes.map(({ job, reason }) => `${job} ${reason}`)).toEqual(
    ["first", "second"].flatMap((id) =>
      ["enqueued", "claimed", "completed"].map((reason) => `${id} ${reason}`),
    ),
  );
});

it("goes on after Redis was killed", async () => {
  watch = await start();
  await enqueue("before");
  await redis.kill();
  await redis.restart();
  await expect
    .poll(() =>
      enqueue("after").then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  const { changes } = await watch.read();
  expect(changes.map(({ job }) => job)).toEqual(["before", "after"]);
});

it("is closed at once while Redis is away", async () => {
  watch = await start();
  await redis.kill();
  await expect.poll(() => enqueue("lost").catch(String)).toContain("RedisUnavailableError");
  watch.close();
});
