import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  JobIdTakenError,
  JobNotFoundError,
  LeaseLostError,
  Queue,
  QueueClosedError,
  QueueFullError,
  QueuePausedError,
  WrongStateError,
  type Failure,
  type Holder,
  type QueueOptions,
  type UserEvent,
} from "../src/index.ts";
import { newJob, result, until } from "./jobs.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";

let redis: TestRedis;
let queue: Queue;
let tag = 0;

/** The queue with these options in force. */
async function open(options: Partial<QueueOptions> = {}): Promise<Queue> {
  const opened = await Queue.connect({ ...redis, hashTag: `test-${tag}`, ...options });
  await opened.applySettings();
  return opened;
}

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  tag++;
  queue = await open();
  return () => queue.close();
});

const failure: Failure = { kind: "execution-error", message: "The graph failed." };
const ANY_VRAM = 1_000_000;

async function claimed(worker = "worker-1"): Promise<Holder> {
  const claim = await queue.claim(worker, ANY_VRAM);
  if (!claim) throw new Error("nothing to claim");
  return { worker, job: claim.job.id, attempt: claim.attempt };
}

describe("a job's way", () => {
  it("goes from pending over running to completed, with its graph and its result", async () => {
    const job = newJob("user001");
    const { position, duplicate } = await queue.enqueue(job);
    expect([position, duplicate]).toEqual([0, false]);
    const claim = await queue.claim("worker-1", ANY_VRAM);
    expect(claim).toMatchObject({ attempt: 1, payload: job.payload, job: { state: "running" } });
    await queue.complete({ worker: "worker-1", job: job.id, attempt: 1 }, result);
    expect(await queue.job(job.id)).toMatchObject({ state: "completed", outputsCount: 1 });
    expect(await queue.result(job.id)).toEqual(result);
    expect(await queue.counts("user001")).toMatchObject({ pending: 0, running: 0, completed: 1 });
  });

  it("is one job however often its id is submitted", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    expect(await queue.enqueue(job)).toMatchObject({ duplicate: true, position: 0 });
    expect((await queue.counts()).pending).toBe(1);
  });

  it("keeps another user's id to itself", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await expect(queue.enqueue({ ...job, user: "user002" })).rejects.toThrow(JobIdTakenError);
    await expect(queue.cancel(job.id, "user002")).rejects.toThrow(JobNotFoundError);
    expect(await queue.deleteHistory("user002", [job.id])).toBe(0);
  });

  it("is accepted by the same answer when its end is told twice", async () => {
    await queue.enqueue(newJob("user001"));
    const holder = await claimed();
    await queue.complete(holder, result);
    expect(await queue.complete(holder, result)).toMatchObject({ state: "completed" });
    expect((await queue.counts()).completed).toBe(1);
  });
});

describe("the state machine says no", () => {
  const stale = async (holder: Holder) => {
    for (const attempt of [
      () => queue.heartbeat(holder),
      () => queue.complete(holder, result),
      () => queue.fail(holder, failure, undefined),
      () => queue.release(holder, "test"),
      () => queue.publishMessage(holder, { type: "executing", data: {} }, false),
    ]) {
      await expect(attempt()).rejects.toThrow(LeaseLostError);
    }
  };

  it("to whoever does not hold the job: pending, another worker's, an older attempt", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await stale({ worker: "worker-1", job: job.id, attempt: 0 });
    const holder = await claimed("worker-1");
    await stale({ ...holder, worker: "worker-2" });
    await queue.release(holder, "test");
    const second = await claimed("worker-1");
    expect(second.attempt).toBe(2);
    await stale(holder);
    await queue.heartbeat(second);
  });

  it("to a cancelled job and to one that is gone", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    const holder = await claimed();
    await queue.cancel(job.id, "user001");
    await stale(holder);
    await queue.deleteHistory("user001", "all");
    await stale(holder);
  });

  it("to cancelling what has ended", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await queue.complete(await claimed(), result);
    await expect(queue.cancel(job.id, "user001")).rejects.toThrow(WrongStateError);
  });
});

describe("limits", () => {
  it("hold to the job when 50 submits arrive at once", async () => {
    await queue.close();
    queue = await open({ maxQueueDepth: 20, userPendingLimit: 100 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => queue.enqueue(newJob(`user${index % 10}`))),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    expect((await queue.counts()).pending).toBe(20);
  });

  it("of one participant are told with the cure", async () => {
    for (let index = 0; index < 5; index++) await queue.enqueue(newJob("user001"));
    const error = await queue.enqueue(newJob("user001")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error).toMatchObject({ scope: "user", limit: 5 });
    await queue.enqueue(newJob("user002"));
  });

  it("refuse everything while intake is paused", async () => {
    await queue.setPaused(true);
    await expect(queue.enqueue(newJob("user001"))).rejects.toThrow(QueuePausedError);
    await queue.setPaused(false);
    await queue.enqueue(newJob("user001"));
  });

  it("refuse everything once intake is closed, with what was announced, until it is opened again", async () => {
    await queue.announce("The workshop has ended. Thank you!");
    await queue.closeIntake("first");
    await queue.openIfClosedBefore("first");
    await queue.setPaused(true);
    expect([await queue.intakeClosed(), await queue.paused()]).toEqual([true, true]);
    const error = await queue.enqueue(newJob("user001")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(QueueClosedError);
    expect(error).toMatchObject({ announcement: "The workshop has ended. Thank you!" });
    await queue.announce(undefined);
    await expect(queue.enqueue(newJob("user001"))).rejects.toMatchObject({ announcement: "" });
    await queue.setPaused(false);
    expect(await queue.intakeClosed()).toBe(false);
    await queue.enqueue(newJob("user001"));
  });

  it("are no longer refused in another life of the stack", async () => {
    await queue.announce("The workshop has ended.");
    await queue.closeIntake("first");
    await queue.openIfClosedBefore("second");
    expect([await queue.intakeClosed(), await queue.announcement()]).toEqual([false, undefined]);
    await queue.enqueue(newJob("user001"));
    await queue.setPaused(true);
    await queue.announce("Back in five minutes.");
    await queue.openIfClosedBefore("third");
    expect([await queue.paused(), await queue.announcement()]).toEqual([
      true,
      "Back in five minutes.",
    ]);
  });

  it("bound the history and release what it held", async () => {
    await queue.close();
    queue = await open({ historyPerUser: 2 });
    const ids = [];
    for (let index = 0; index < 4; index++) {
      const job = newJob("user001");
      ids.push(job.id);
      await queue.enqueue(job);
      await queue.complete(await claimed(), result);
    }
    expect((await queue.list({ user: "user001" })).jobs.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(await queue.payload(ids[0] ?? "")).toBeUndefined();
  });
});

describe("a lease", () => {
  it("that runs out gives the job to the next worker, and the old one is refused", async () => {
    await queue.close();
    queue = await open({ leaseMs: 1 });
    const job = newJob("user001");
    await queue.enqueue(job);
    const first = await claimed("worker-1");
    await pause(10);
    expect(await queue.expireLeases()).toMatchObject([{ id: job.id, state: "pending" }]);
    const second = await claimed("worker-2");
    expect(second.attempt).toBe(2);
    await expect(queue.complete(first, result)).rejects.toThrow(LeaseLostError);
    await queue.complete(second, result);
  });

  it("that a heartbeat extends does not run out", async () => {
    await queue.close();
    queue = await open({ leaseMs: 60_000 });
    await queue.enqueue(newJob("user001"));
    await queue.heartbeat(await claimed());
    expect(await queue.expireLeases()).toEqual([]);
  });

  it("lost too often ends the job with that reason", async () => {
    await queue.close();
    queue = await open({ leaseMs: 1, maxLosses: 2 });
    const job = newJob("user001");
    await queue.enqueue(job);
    for (let index = 0; index < 3; index++) {
      await claimed();
      await pause(10);
      await queue.expireLeases();
    }
    expect(await queue.job(job.id)).toMatchObject({
      state: "failed",
      failure: { kind: "worker-lost" },
    });
  });
});

describe("listings", () => {
  it("page in a stable order without reading a graph", async () => {
    await queue.close();
    queue = await open({ userPendingLimit: 100 });
    const ids = [];
    for (let index = 0; index < 7; index++) {
      const job = newJob(`user00${index % 2}`);
      ids.push(job.id);
      await queue.enqueue(job);
    }
    const pages = [];
    for (const offset of [0, 3, 6]) pages.push(await queue.list({ offset, limit: 3 }));
    expect(pages.flatMap(({ jobs }) => jobs.map(({ id }) => id))).toEqual(ids);
    expect(pages[0]?.total).toBe(7);
    await claimed();
    const both = await queue.list({ states: ["pending", "running"], order: "desc" });
    expect(both.jobs.map(({ id }) => id)).toEqual(ids.toReversed());
  });
});

describe("events", () => {
  const collect = async (user: string) => {
    const events: UserEvent[] = [];
    const previews: Buffer[] = [];
    const subscription = await queue.subscribe({
      onEvent: (_, event) => events.push(event),
      onPreview: (_, { frame }) => previews.push(Buffer.from(frame)),
    });
    await subscription.add(user);
    return { events, previews };
  };
  it("tell every change of state with what remains, and relay messages and previews", async () => {
    const { events, previews } = await collect("user001");
    await queue.enqueue(newJob("user001"));
    await queue.enqueue(newJob("user002"));
    const claim = await queue.claim("worker-1", ANY_VRAM);
    if (!claim) throw new Error("nothing to claim");
    const holder = { worker: "worker-1", job: claim.job.id, attempt: claim.attempt };
    const data = { nodes: [], prompt_id: claim.job.id };
    await queue.publishMessage(holder, { type: "execution_cached", data }, false);
    await queue.publishMessage(holder, { type: "progress", data: { value: 1 } }, true);
    await queue.publishPreview(claim, Buffer.from([1, 2, 3]));
    await queue.complete(holder, result);
    await until(() => events.length === 5 && previews.length === 1);
    expect(
      events.map((event) =>
        event.kind === "state" ? [event.reason, event.remaining] : event.message,
      ),
    ).toEqual([
      ["enqueued", 1],
      ["claimed", 1],
      { type: "execution_cached", data },
      { type: "progress", data: { value: 1 } },
      ["completed", 0],
    ]);
    expect(previews[0]).toEqual(Buffer.from([1, 2, 3]));
  });

  it("reach a worker as orders", async () => {
    const orders: unknown[] = [];
    const stop = await queue.onControl("worker-1", (message) => orders.push(message));
    const job = newJob("user001");
    await queue.enqueue(job);
    await claimed("worker-1");
    await queue.cancel(job.id, "user001");
    await until(() => orders.length > 0);
    expect(orders).toEqual([{ kind: "interrupt", job: job.id, attempt: 1 }]);
    await stop();
  });
});

describe("workers", () => {
  const info = {
    name: "worker-1",
    comfyuiVersion: "0.11.1",
    objectInfoFingerprint: "abc",
    gpu: "none",
    vramTotalMiB: 0,
    vramFreeMiB: 0,
    simulated: true,
  };

  it("are listed with what they hold, and leave their node definitions behind", async () => {
    await queue.registerWorker(info, '{"A":{}}');
    expect(await queue.objectInfo()).toEqual({ fingerprint: "abc", json: '{"A":{}}' });
    await queue.registerWorker({ ...info, objectInfoFingerprint: "def" }, '{"B":{}}');
    expect((await queue.objectInfo())?.fingerprint).toBe("def");
    expect(await queue.objectInfo("abc")).toBeUndefined();
    const job = newJob("user001");
    await queue.enqueue(job);
    await claimed();
    await queue.heartbeatWorker({ ...info, objectInfoFingerprint: "def" }, "running");
    expect(await queue.workers()).toMatchObject([
      { name: "worker-1", status: "running", jobId: job.id },
    ]);
    await queue.unregisterWorker("worker-1");
    expect(await queue.workers()).toEqual([]);
    expect((await queue.objectInfo())?.fingerprint).toBe("def");
  });

  it("change the version of the newest node definitions with their text, not with a heartbeat", async () => {
    expect(await queue.objectInfoVersion()).toBeUndefined();
    await queue.registerWorker(info, '{"A":{}}');
    const version = await queue.objectInfoVersion();
    await queue.heartbeatWorker(info, "idle");
    await queue.registerWorker(info, '{"A":{}}');
    expect(await queue.objectInfoVersion()).toBe(version);
    await queue.registerWorker(info, '{"A":{"model":"new"}}');
    expect(await queue.objectInfoVersion()).not.toBe(version);
  });

  it("take their node definitions with them, unless another has the same or they are the newest", async () => {
    const named = (name: string, objectInfoFingerprint: string) => ({
      ...info,
      name,
      objectInfoFingerprint,
    });
    await queue.registerWorker(named("worker-1", "old"), "{}");
    await queue.registerWorker(named("worker-2", "old"), "{}");
    await queue.registerWorker(named("worker-3", "new"), '{"A":{}}');
    await queue.unregisterWorker("worker-1");
    expect(await queue.objectInfo("old")).toBeDefined();
    await queue.unregisterWorker("worker-2");
    expect(await queue.objectInfo("old")).toBeUndefined();
    await queue.unregisterWorker("worker-3");
    expect(await queue.objectInfo("new")).toBeDefined();
  });

  it("wake up for every job that comes while they wait, without polling", async () => {
    const producer = await open({ userPendingLimit: 1000, maxQueueDepth: 1000 });
    const stop = new AbortController();
    let done = 0;
    const worker = async (name: string) => {
      while (!stop.signal.aborted) {
        const claim = await queue.claim(name, ANY_VRAM);
        if (!claim) {
          await queue.waitForWork(stop.signal);
          continue;
        }
        await queue.complete({ worker: name, job: claim.job.id, attempt: claim.attempt }, result);
        done++;
      }
    };
    const workers = [worker("worker-1"), worker("worker-2")];
    for (let index = 0; index < 200; index++) {
      await producer.enqueue(newJob("user001"));
      // One at a time: each has to wake a worker that found nothing just before.
      while (done <= index) await pause(1);
    }
    stop.abort();
    await Promise.all(workers);
    await producer.close();
    expect(done).toBe(200);
  });
});

describe("an announcement", () => {
  it("is told to who listens, now and whenever it changes, also after Redis was away", async () => {
    await queue.announce("Lunch at one.");
    const other = await open();
    const heard: (string | undefined)[] = [];
    const stop = await other.onAnnouncement((text) => heard.push(text));
    await until(() => heard.length === 1);
    await queue.announce("Lunch is over.");
    await until(() => heard.at(-1) === "Lunch is over.");
    await redis.kill();
    await redis.restart();
    await until(() => heard.length >= 3);
    expect(heard.at(-1)).toBe("Lunch is over.");
    await stop();
    await until(() =>
      queue.announce(undefined).then(
        () => true,
        () => false,
      ),
    );
    expect(await other.announcement()).toBeUndefined();
    expect(heard.at(-1)).toBe("Lunch is over.");
    await other.close();
  });
});
