import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Queue, type Holder } from "../src/index.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";
import { newJob, result } from "./jobs.ts";

let redis: TestRedis;
beforeAll(async () => {
  // Order is under test, not durability: without fsync the many cases run in seconds.
  redis = await startRedis(["appendfsync no"]);
});
afterAll(() => redis.stop());

const CLAIMS = 150;

/** Twenty people: how long their jobs are, how many they keep waiting, and their share. */
const workshop = fc.array(
  fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
    appetite: fc.integer({ min: 1, max: 5 }),
    weight: fc.constantFrom(1, 1, 1, 2),
  }),
  { minLength: 20, maxLength: 20 },
);

let run = 0;

it("keeps the GPU seconds of any two users who always wait within one job of each other", async () => {
  await fc.assert(
    fc.asyncProperty(workshop, async (people) => {
      const users = people.map((person, index) => ({
        ...person,
        name: `user${index}`,
        sent: 0,
        served: 0,
      }));
      const queue = await Queue.connect({
        ...redis,
        hashTag: `fair-${run++}`,
        requireDurability: false,
        maxQueueDepth: 1000,
        weights: Object.fromEntries(users.map(({ name, weight }) => [name, weight])),
      });
      const submit = async (user: (typeof users)[number]) => {
        const costSeconds = user.lengths[user.sent++ % user.lengths.length] ?? 1;
        await queue.enqueue(newJob(user.name, { costSeconds }));
      };
      for (const user of users) for (let n = 0; n < user.appetite; n++) await submit(user);
      const largest = Math.max(
        ...users.flatMap(({ lengths, weight }) => lengths.map((s) => s / weight)),
      );

      let held: Holder | undefined;
      for (let turn = 0; turn < CLAIMS; turn++) {
        const claim = await queue.claim("worker-1", 0);
        const user = users.find(({ name }) => name === claim?.job.user);
        if (!claim || !user) throw new Error("somebody always waits");
        user.served += claim.job.costSeconds / user.weight;
        await submit(user);
        if (held) await queue.complete(held, result);
        held = { job: claim.job.id, worker: "worker-1", attempt: claim.attempt };
        const served = users.map((each) => each.served);
        expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(largest + 1e-6);
      }
      await queue.close();
    }),
    { numRuns: 25 },
  );
}, 120_000);
