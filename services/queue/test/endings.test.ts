/** How jobs end, what uses up their attempts, what is kept of them, and how one is run again. */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  JobNotFoundError,
  Queue,
  QueueFullError,
  WrongStateError,
  type Failure,
  type Holder,
  type QueueOptions,
  type UserEvent,
} from "../src/index.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";
import { newJob, result, until } from "./jobs.ts";

let redis: TestRedis;
let queue: Queue;
let tag = 0;

async function reopen(options: Partial<QueueOptions>): Promise<void> {
  await queue.close();
  queue = await Queue.connect({ ...redis, hashTag: `endings-${tag}`, ...options });
  await queue.applySettings();
}

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  queue = await Queue.connect({ ...redis, hashTag: `endings-${++tag}` });
  return () => queue.close();
});

const ofTheGraph: Failure = { kind: "execution-error", message: "The graph failed." };
const ofTheWorker: Failure = { kind: "comfyui-crashed", message: "ComfyUI ended while it ran." };

async function claimed(worker = "worker-1"): Promise<Holder> {
  const claim = await queue.claim(worker, 1_000_000);
  if (!claim) throw new Error("nothing to claim");
  return { worker, job: claim.job.id, attempt: claim.attempt };
}

async function ended(user: string, extra: Parameters<typeof newJob>[1] = {}): Promise<string> {
  const job = newJob(user, extra);
  await queue.enqueue(job);
  await queue.complete(await claimed(), result);
  return job.id;
}

/** A graph whose compressed text has about this many bytes. */
const graphOf = (bytes: number) => {
  const noise = Array.from({ length: bytes }, () => Math.floor(Math.random() * 256).toString(16));
  return {
    prompt: { "1": { inputs: { noise: noise.join("") } } },
    extraData: {},
    outputsToExecute: ["1"],
  };
};

describe("attempts", () => {
  it("are not used up by lost workers: twenty losses, and the job completes", async () => {
    await reopen({ leaseMs: 1, maxLosses: 20 });
    const job = newJob("user001");
    await queue.enqueue(job);
    for (let loss = 0; loss < 20; loss++) {
      await claimed();
      await pause(3);
      await queue.expireLeases();
    }
    const ending = await queue.complete(await claimed(), result);
    expect(ending).toMatchObject({ state: "completed", attempt: 21, losses: 20, faults: 0 });
  });

  it("end with the first error of the graph", async () => {
    await queue.enqueue(newJob("user001"));
    const ending = await queue.fail(await claimed(), ofTheGraph, undefined);
    expect(ending).toMatchObject({ state: "failed", failure: ofTheGraph, faults: 1 });
  });

  it("go on after a crash of ComfyUI, as often as stated, and then end with that reason", async () => {
    await reopen({ maxAttempts: 3 });
    await queue.enqueue(newJob("user001"));
    for (let attempt = 1; attempt < 3; attempt++) {
      const again = await queue.fail(await claimed(), ofTheWorker, undefined);
      expect(again).toMatchObject({ state: "pending", faults: attempt });
      expect(again.failure).toBeUndefined();
    }
    const ending = await queue.fail(await claimed(), ofTheWorker, result);
    expect(ending).toMatchObject({ state: "failed", failure: ofTheWorker, faults: 3 });
  });
});

describe("a retry by the host", () => {
  it("runs a failed job again under its id, with its graph, and without what it had used up", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await queue.fail(await claimed(), ofTheGraph, result);
    const again = await queue.retry(job.id);
    expect(again).toMatchObject({ id: job.id, state: "pending", faults: 0, outputsCount: 0 });
    expect(again).not.toHaveProperty("failure");
    expect(again).not.toHaveProperty("endedAt");
    expect(await queue.result(job.id)).toBeUndefined();
    expect(await queue.counts("user001")).toMatchObject({ pending: 1, failed: 0 });

    const claim = await queue.claim("worker-2", 0);
    expect(claim).toMatchObject({ attempt: 2, payload: job.payload });
    await queue.complete({ worker: "worker-2", job: job.id, attempt: 2 }, result);
    expect(await queue.job(job.id)).toMatchObject({ state: "completed" });
  });

  it("takes a cancelled job, behind what its user queued since", async () => {
    const [cancelled, since] = [newJob("user001"), newJob("user001")];
    for (const job of [cancelled, since]) await queue.enqueue(job);
    await queue.cancel(cancelled.id, "user001");
    await queue.retry(cancelled.id);
    expect((await claimed()).job).toBe(since.id);
    expect((await claimed()).job).toBe(cancelled.id);
  });

  it("tells what the job was before", async () => {
    const events: UserEvent[] = [];
    const subscription = await queue.subscribe({
      onEvent: (_, event) => events.push(event),
      onPreview: () => undefined,
    });
    await subscription.add("user001");
    const job = newJob("user001");
    await queue.enqueue(job);
    await queue.cancel(job.id, undefined);
    await queue.retry(job.id);
    await until(() => events.length === 3);
    expect(events).toMatchObject([
      { reason: "enqueued", state: "pending" },
      { reason: "cancelled", from: "pending" },
      { reason: "retried", state: "pending", from: "cancelled" },
    ]);
    expect(events[0]).not.toHaveProperty("from");
    await subscription.close();
  });

  it("is refused for a job that waits, runs, is completed or does not exist", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await expect(queue.retry(job.id)).rejects.toThrow(new WrongStateError("pending"));
    const holder = await claimed();
    await expect(queue.retry(job.id)).rejects.toThrow(new WrongStateError("running"));
    await queue.complete(holder, result);
    await expect(queue.retry(job.id)).rejects.toThrow(new WrongStateError("completed"));
    await expect(queue.retry("unknown")).rejects.toThrow(JobNotFoundError);
  });
});

describe("what is kept", () => {
  it("is bounded in bytes per user: the oldest go, the newest stays whatever its size", async () => {
    await reopen({ historyBytesPerUser: 5000 });
    const first = await ended("user001", { payload: graphOf(4000) });
    const others = await ended("user002");
    const second = await ended("user001", { payload: graphOf(4000) });
    expect(await queue.job(first)).toBeUndefined();
    expect(await queue.payload(first)).toBeUndefined();
    expect(await queue.job(second)).toBeDefined();
    const third = await ended("user001", { payload: graphOf(20_000) });
    const { jobs } = await queue.list({ user: "user001" });
    expect(jobs.map(({ id }) => id)).toEqual([third]);
    expect(await queue.job(others)).toBeDefined();
  });

  it("is bounded in age: old jobs go, with a word to the browsers", async () => {
    const old = await ended("user001");
    expect(await queue.forgetOld()).toBe(0);
    await reopen({ historyMaxAgeMs: 1 });
    await pause(5);
    expect(await queue.forgetOld()).toBe(1);
    expect(await queue.job(old)).toBeUndefined();
    expect(await queue.list({ user: "user001" })).toMatchObject({ total: 0 });
    const newest = (await queue.eventsSince("user001", "0")).at(-1);
    expect(newest?.event).toMatchObject({ reason: "deleted", job: old });
  });

  it("can be cleared although something else has damaged it", async () => {
    const [damaged, whole] = [await ended("user001"), await ended("user001")];
    const hand = new Redis({ ...redis });
    await hand.del(`{endings-${tag}}:job:${damaged}`);
    hand.disconnect();
    await reopen({ historyPerUser: 1 });
    const newest = await ended("user001");
    expect((await queue.list({ user: "user001", states: ["completed"] })).jobs).toMatchObject([
      { id: newest },
    ]);
    expect(await queue.job(whole)).toBeUndefined();
    expect(await queue.deleteHistory("user001", "all")).toBe(1);
    expect(await queue.forgetOld()).toBe(0);
  });

  it("is counted to the byte, whichever way a job goes", async () => {
    const none = { waiting: 0, history: 0 };
    expect(await queue.memory()).toMatchObject(none);
    const jobs = ["user001", "user001", "user002", "user003"].map((user) => newJob(user));
    for (const job of jobs) await queue.enqueue(job);
    const { waiting, used, limit } = await queue.memory();
    expect(waiting).toBeGreaterThan(0);
    expect(used).toBeGreaterThan(waiting);
    expect(limit).toBe(0);
    await queue.complete(await claimed(), result);
    await queue.fail(await claimed(), ofTheGraph, result);
    for (const job of (await queue.list({ states: ["pending"] })).jobs) {
      await queue.cancel(job.id, undefined);
    }
    expect(await queue.memory()).toMatchObject({ waiting: 0 });
    expect((await queue.memory()).history).toBeGreaterThan(waiting);
    for (const job of (await queue.list({ states: ["cancelled"] })).jobs) {
      await queue.retry(job.id);
      await queue.complete(await claimed(), result);
    }
    for (const user of ["user001", "user002", "user003"]) await queue.deleteHistory(user, "all");
    expect(await queue.memory()).toMatchObject(none);
  });

  it("leaves room for waiting graphs: one too many is refused with the bound and the cure", async () => {
    await reopen({ maxQueueBytes: 5000 });
    await queue.enqueue(newJob("user001", { payload: graphOf(9000) }));
    const refused = queue.enqueue(newJob("user002", { payload: graphOf(100) }));
    await expect(refused).rejects.toThrow(QueueFullError);
    await expect(refused).rejects.toMatchObject({ scope: "bytes", limit: 5000, position: 0 });
    await queue.complete(await claimed(), result);
    await queue.enqueue(newJob("user002", { payload: graphOf(100) }));
  });

  it("names the place on which a participant's next one depends", async () => {
    await reopen({ userPendingLimit: 2 });
    for (const user of ["user001", "user002", "user003"]) {
      for (let index = 0; index < 2; index++)
        await queue.enqueue(newJob(user, { costSeconds: 30 }));
    }
    await claimed();
    await claimed();
    const refused = queue.enqueue(newJob("user003"));
    // Two run for 30 s each; user003's first job is the next one that waits.
    await expect(refused).rejects.toMatchObject({ scope: "user", limit: 2, position: 0 });
    await expect(refused).rejects.toMatchObject({ retryAfterSeconds: 30 });
    await expect(queue.enqueue(newJob("user001"))).resolves.toMatchObject({ position: 4 });
  });

  it("forgets a message too large to be kept, but tells it", async () => {
    const heard: UserEvent[] = [];
    const subscription = await queue.subscribe({
      onEvent: (_, event) => heard.push(event),
      onPreview: () => undefined,
    });
    await subscription.add("user001");
    await queue.enqueue(newJob("user001"));
    const holder = await claimed();
    const text = "x".repeat(100_000);
    await queue.publishMessage(holder, { type: "executed", data: { text } }, false);
    await until(() => heard.length === 3);
    expect(heard[2]).toMatchObject({ message: { data: { text } } });
    expect(await queue.eventsSince("user001", "0")).toHaveLength(2);
    await subscription.close();
  });
});
