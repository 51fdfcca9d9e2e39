/** A Redis in cluster mode refuses a script that leaves its slot: ours never does. */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Queue, type Failure } from "../src/index.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";
import { newJob, result, until } from "./jobs.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis(["cluster-enabled yes"]);
  const admin = new Redis({ ...redis });
  await admin.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  await until(async () => String(await admin.call("CLUSTER", "INFO")).includes("state:ok"));
  admin.disconnect();
});
afterAll(() => redis.stop());

it("every step of a job's life runs on a Redis Cluster", async () => {
  const queue = await Queue.connect({ ...redis, leaseMs: 1, historyPerUser: 2 });
  await queue.applySettings();
  await queue.registerWorker(
    {
      name: "worker-1",
      comfyuiVersion: "0.11.1",
      objectInfoFingerprint: "abc",
      gpu: "none",
      vramTotalMiB: 0,
      vramFreeMiB: 0,
      simulated: true,
    },
    "{}",
  );
  const claimed = async () => {
    const claim = await queue.claim("worker-1", 0, ["klein.safetensors"]);
    if (!claim) throw new Error("nothing to claim");
    return { worker: "worker-1", job: claim.job.id, attempt: claim.attempt };
  };
  const [first, second, third] = [newJob("user001"), newJob("user001"), newJob("user002")];
  for (const job of [first, second, third]) await queue.enqueue(job);
  await queue.enqueue(newJob("user002", { front: true }));
  await queue.reprioritise(third.id, "front");
  expect(await queue.position(third.id)).toBe(0);

  const lost = await claimed();
  await pause(5);
  expect(await queue.expireLeases()).toMatchObject([{ id: lost.job, state: "pending" }]);
  const held = await claimed();
  await queue.heartbeat(held);
  await queue.publishMessage(held, { type: "executing", data: { node: "1" } }, false);
  await queue.complete(held, result);
  const failure: Failure = { kind: "execution-error", message: "The graph failed." };
  const failed = await queue.fail(await claimed(), failure, result);
  await queue.retry(failed.id);
  await queue.release(await claimed(), "test");
  for (const { id } of await queue.waiting(10)) await queue.cancel(id, undefined);
  expect((await queue.list({})).total).toBeGreaterThan(1);
  expect(await queue.counts()).toMatchObject({ pending: 0, running: 0 });
  await queue.deleteHistory("user001", "all");
  await queue.forgetOld();
  await queue.unregisterWorker("worker-1");
  await queue.noteVramPeak(["a.safetensors"], 1000);
  expect(await queue.memory()).toMatchObject({ waiting: 0 });
  await queue.close();
});
