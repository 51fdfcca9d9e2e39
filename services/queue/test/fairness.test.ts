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
const SEEDS = 20;

/** Twenty people: how long their jobs are, what each loads, how many wait, and their share. */
const workshop = fc.array(
  fc.record({
    jobs: fc.array(
      fc.record({
        costSeconds: fc.integer({ min: 1, max: 300 }),
        models: fc.subarray(["ltx-2.safetensors", "klein.safetensors"], { maxLength: 1 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    appetite: fc.integer({ min: 1, max: 5 }),
    weight: fc.constantFrom(1, 1, 1, 2),
  }),
  { minLength: 20, maxLength: 20 },
);

let run = 0;

it.each([
  ["each other", { windowSeconds: 0, passes: 0 }],
  ["each other and the window for loaded models", { windowSeconds: 60, passes: 3 }],
])(
  "keeps the GPU seconds of any two users who always wait within one job of %s",
  async (_, affinity) => {
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
          affinity,
        });
        await queue.applySettings();
        const submit = async (user: (typeof users)[number]) => {
          await queue.enqueue(newJob(user.name, user.jobs[user.sent++ % user.jobs.length]));
        };
        for (const user of users) for (let n = 0; n < user.appetite; n++) await submit(user);
        const largest = Math.max(
          ...users.flatMap(({ jobs, weight }) => jobs.map((job) => job.costSeconds / weight)),
        );

        let held: Holder | undefined;
        let loaded: readonly string[] = [];
        const passes = new Map<string, number>();
        for (let turn = 0; turn < CLAIMS; turn++) {
          const [first] = (await queue.waiting(1)).map(({ id }) => id);
          const claim = await queue.claim("worker-1", 0, loaded);
          const user = users.find(({ name }) => name === claim?.job.user);
          if (!claim || !user || first === undefined) throw new Error("somebody always waits");
          if (claim.job.id !== first) passes.set(first, (passes.get(first) ?? 0) + 1);
          if (claim.job.models.length > 0) loaded = claim.job.models;
          user.served += claim.job.costSeconds / user.weight;
          await submit(user);
          if (held) await queue.complete(held, result);
          held = { job: claim.job.id, worker: "worker-1", attempt: claim.attempt };
          const served = users.map((each) => each.served);
          const difference = Math.max(...served) - Math.min(...served);
          expect(difference).toBeLessThanOrEqual(largest + affinity.windowSeconds + 1e-6);
        }
        expect(Math.max(0, ...passes.values())).toBeLessThanOrEqual(affinity.passes);
        if (affinity.passes > 0) expect(passes.size).toBeGreaterThan(0);
        await queue.close();
      }),
      { numRuns: SEEDS },
    );
  },
  120_000,
);
