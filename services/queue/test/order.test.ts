/** Which job a worker gets next. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  JobNotFoundError,
  Queue,
  WrongPolicyError,
  WrongStateError,
  type QueueOptions,
} from "../src/index.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";
import { newJob } from "./jobs.ts";

let redis: TestRedis;
let queue: Queue;
let tag = 0;

const open = (options: Partial<QueueOptions> = {}) =>
  Queue.connect({ ...redis, hashTag: `order-${tag}`, ...options });

/** The queue with these options in force. */
async function reopen(options: Partial<QueueOptions>): Promise<void> {
  await queue.close();
  queue = await open(options);
  await queue.applySettings();
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

const ANY_VRAM = 1_000_000;

/** Ids in the order in which one worker gets them. */
async function claims(count: number, loadedModels: readonly string[] = []): Promise<string[]> {
  const ids = [];
  for (let index = 0; index < count; index++) {
    ids.push((await queue.claim("worker-1", ANY_VRAM, loadedModels))?.job.id ?? "none");
  }
  return ids;
}

describe("the order of claims", () => {
  const order = async (count: number) => {
    const users = [];
    for (let index = 0; index < count; index++) {
      const claim = await queue.claim("worker-1", ANY_VRAM);
      users.push(claim?.job.user);
    }
    return users.join(" ");
  };

  it("lets a newcomer in before the rest of a long list", async () => {
    for (let index = 0; index < 4; index++) await queue.enqueue(newJob("user001"));
    await queue.enqueue(newJob("user002"));
    expect(await order(5)).toBe("user001 user002 user001 user001 user001");
  });

  it("is arrival under the fifo policy", async () => {
    await reopen({ policy: "fifo" });
    await queue.enqueue(newJob("user001"));
    await queue.enqueue(newJob("user001"));
    await queue.enqueue(newJob("user002"));
    expect(await order(3)).toBe("user001 user001 user002");
  });

  it.each([
    [24_000, 24_000],
    [78_000, 79_511],
    [21_000, 22_516],
  ])("gives a job that needs %i MiB to a worker with %i", async (vramMiB, has) => {
    await queue.enqueue(newJob("user001", { vramMiB: has + 1 }));
    await queue.enqueue(newJob("user001", { vramMiB }));
    expect((await queue.claim("worker-1", has))?.job.vramMiB).toBe(vramMiB);
    expect(await queue.claim("worker-1", has)).toBeUndefined();
  });

  it("gives a worker only what fits its VRAM", async () => {
    const large = newJob("user001", { vramMiB: 57_000 });
    const small = newJob("user002", { vramMiB: 10_000 });
    await queue.enqueue(large);
    await queue.enqueue(small);
    expect((await queue.claim("worker-1", 24_000))?.job.id).toBe(small.id);
    expect(await queue.claim("worker-1", 24_000)).toBeUndefined();
    expect((await queue.claim("worker-2", 81_559))?.job.id).toBe(large.id);
  });

  it("puts a front job before its own user's, and nobody else's", async () => {
    const own = [newJob("user001"), newJob("user001")];
    const other = newJob("user002");
    for (const job of [...own, other]) await queue.enqueue(job);
    const front = newJob("user001", { front: true });
    const { job } = await queue.enqueue(front);
    expect(job.number).toBeLessThan(0);
    const ids = [];
    for (let index = 0; index < 4; index++) ids.push((await queue.claim("worker-1", 0))?.job.id);
    expect(ids).toEqual([other.id, front.id, own[0]?.id, own[1]?.id]);
  });

  it("gives back what a cancelled job would have cost", async () => {
    const first = newJob("user001", { costSeconds: 100 });
    const second = newJob("user001");
    for (const job of [first, second]) await queue.enqueue(job);
    await queue.enqueue(newJob("user002", { costSeconds: 50 }));
    await queue.enqueue(newJob("user002"));
    await queue.cancel(first.id, "user001");
    expect(await order(3)).toBe("user001 user002 user002");
  });

  it("states each job's position", async () => {
    const jobs = [newJob("user001"), newJob("user001"), newJob("user002")];
    for (const job of jobs) await queue.enqueue(job);
    const positions = await Promise.all(jobs.map(({ id }) => queue.position(id)));
    expect(positions).toEqual([0, 2, 1]);
    const [first, second, third] = jobs.map(({ id }) => id);
    expect((await queue.waiting(2)).map(({ id }) => id)).toEqual([first, third]);
    expect((await queue.waiting(10)).map(({ id }) => id)).toEqual([first, third, second]);
    await claims(1);
    expect(await queue.position(jobs[0]?.id ?? "")).toBeUndefined();
  });

  it("puts a job that was given back before everything queued since", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await claims(1);
    await queue.enqueue(newJob("user002"));
    await queue.release({ worker: "worker-1", job: job.id, attempt: 1 }, "test");
    expect((await queue.claim("worker-1", 0))?.job.id).toBe(job.id);
  });

  it("follows a new policy, also for jobs that wait already", async () => {
    const jobs = [newJob("user001"), newJob("user001"), newJob("user002")];
    for (const job of jobs) await queue.enqueue(job);
    await queue.close();
    queue = await open({ policy: "fifo" });
    expect(await queue.applySettings()).toBe(true);
    expect(await queue.applySettings()).toBe(false);
    expect(await claims(1)).toEqual([jobs[0]?.id]);
    await reopen({ policy: "fair" });
    expect(await claims(2)).toEqual([jobs[1]?.id, jobs[2]?.id]);
  });
});

describe("the host's hand", () => {
  it.each(["fair", "fifo", "priority"] as const)(
    "moves a job before all others under the policy %s",
    async (policy) => {
      await reopen({ policy });
      const jobs = [newJob("user001"), newJob("user002"), newJob("user001")];
      for (const job of jobs) await queue.enqueue(job);
      const [first, , last] = jobs.map(({ id }) => id);
      await queue.reprioritise(last ?? "", "front");
      expect(await queue.position(last ?? "")).toBe(0);
      expect(await claims(2)).toEqual([last, first]);
    },
  );

  it("does not charge the others for a job that it moved", async () => {
    const jobs = [
      newJob("user001"),
      newJob("user001", { costSeconds: 500 }),
      newJob("user002"),
      newJob("user002"),
    ];
    for (const job of jobs) await queue.enqueue(job);
    const [first, long, other, later] = jobs.map(({ id }) => id);
    await queue.reprioritise(long ?? "", "front");
    expect(await claims(4)).toEqual([long, first, other, later]);
  });

  it("gives a job another priority, and keeps arrival among equals", async () => {
    await reopen({ policy: "priority" });
    const jobs = [newJob("user001"), newJob("user002"), newJob("user003"), newJob("user004")];
    for (const job of jobs) await queue.enqueue(job);
    const [a = "", b = "", c = "", d = ""] = jobs.map(({ id }) => id);
    for (const id of [d, c]) expect((await queue.reprioritise(id, 5)).priority).toBe(5);
    await queue.reprioritise(a, -1);
    expect(await claims(4)).toEqual([c, d, b, a]);
  });

  it("is refused where a priority means nothing, and for a job that does not wait", async () => {
    const job = newJob("user001");
    await queue.enqueue(job);
    await expect(queue.reprioritise(job.id, 5)).rejects.toThrow(WrongPolicyError);
    await expect(queue.reprioritise("unknown", "front")).rejects.toThrow(JobNotFoundError);
    await claims(1);
    await expect(queue.reprioritise(job.id, "front")).rejects.toThrow(WrongStateError);
  });
});

describe("a worker that has models loaded", () => {
  const klein = { models: ["klein.safetensors"] };
  const video = { models: ["ltx-2.safetensors"] };
  const passes = 2;
  beforeEach(() => reopen({ affinity: { windowSeconds: 60, passes }, userPendingLimit: 50 }));

  it("gets a job for them before the one whose turn it is", async () => {
    const jobs = [newJob("user001", video), newJob("user002", klein)];
    for (const job of jobs) await queue.enqueue(job);
    const [first, second] = jobs.map(({ id }) => id);
    expect(await queue.position(first ?? "")).toBe(0);
    expect(await claims(2, klein.models)).toEqual([second, first]);
  });

  it("passes the same job over no more often than stated", async () => {
    const first = newJob("user001", video);
    await queue.enqueue(first);
    for (let user = 2; user < 9; user++) await queue.enqueue(newJob(`user00${user}`, klein));
    const order = await claims(8, klein.models);
    expect(order.indexOf(first.id)).toBe(passes);
  });

  it("does not go further from the turn than stated", async () => {
    const far = [newJob("user001", { costSeconds: 61 }), newJob("user001", klein)];
    for (const job of far) await queue.enqueue(job);
    await claims(1, klein.models);
    const turn = newJob("user002", { ...video, costSeconds: 10 });
    await queue.enqueue(turn);
    expect(await claims(1, klein.models)).toEqual([turn.id]);
  });

  it("passes nobody over whose job loads nothing, and takes nothing that does not fit", async () => {
    const plain = newJob("user001");
    await queue.enqueue(plain);
    await queue.enqueue(newJob("user002", klein));
    expect(await claims(1, klein.models)).toEqual([plain.id]);
    const small = newJob("user003", { ...video, vramMiB: 1000 });
    await queue.enqueue(small);
    await queue.enqueue(newJob("user004", { ...klein, vramMiB: 50_000 }));
    await claims(1, klein.models);
    expect((await queue.claim("worker-2", 24_000, klein.models))?.job.id).toBe(small.id);
  });

  it("needs every model of a job, not some", async () => {
    const both = newJob("user002", { models: [...klein.models, ...video.models] });
    const first = newJob("user001", video);
    for (const job of [first, both]) await queue.enqueue(job);
    expect(await claims(1, klein.models)).toEqual([first.id]);
  });

  it.each(["fifo", "priority"] as const)("keeps the order that %s promises", async (policy) => {
    await reopen({ policy });
    const jobs = [newJob("user001", video), newJob("user002", klein)];
    for (const job of jobs) await queue.enqueue(job);
    expect(await claims(2, klein.models)).toEqual(jobs.map(({ id }) => id));
  });

  it("does not put a newcomer behind the job that was passed over", async () => {
    const turn = newJob("user001", video);
    await queue.enqueue(newJob("user002", { ...klein, costSeconds: 50 }));
    await queue.enqueue(turn);
    await claims(1, klein.models);
    const next = newJob("user002", klein);
    await queue.enqueue(next);
    expect(await claims(1, klein.models)).toEqual([next.id]);
    const newcomer = newJob("user003", video);
    await queue.enqueue(newcomer);
    expect(await claims(2)).toEqual([turn.id, newcomer.id]);
  });
});
