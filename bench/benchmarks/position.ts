/**
 * What a very deep queue costs its own operations: position, claim and enqueue with 100,000 waiting
 * jobs. Beside the time that a client waits, the time that Redis itself works, from its own
 * histogram of commands (`INFO latencystats`), which no client and no network are part of.
 */
import { packPayload, Queue } from "@comfymulti/queue";
import { Redis } from "ioredis";
import { startRedis } from "@comfymulti/queue/testing";
import { randomUUID } from "node:crypto";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { randomFrom } from "../measurement/random.ts";
import { distribution } from "../measurement/statistics.ts";
import { fillQueue } from "../platform/waiting-jobs.ts";
import { CHECKPOINT, payloadOfSize } from "../platform/workflows.ts";

const JOBS = 100_000;
/** They have fifty jobs each; one more has five thousand. */
const CROWD = 1_900;
const KEEN_JOBS = 5_000;
const CALLS = 1_000;
const VRAM_MIB = 80_000;
const GOAL_MS = 1;

export const position: Benchmark = {
  name: "position",
  about: `position, claim and enqueue with ${JOBS} waiting jobs`,
  async run(scope: Scope): Promise<Figure[]> {
    const server = await startRedis(["auto-aof-rewrite-percentage 0"]);
    scope.defer(() => server.stop());
    const ids = [
      ...(await fillQueue(server, JOBS - KEEN_JOBS, CROWD, "crowd")),
      ...(await fillQueue(server, KEEN_JOBS, 1, "keen")),
    ];
    const queue = await Queue.connect({
      ...server,
      maxQueueDepth: 2 * JOBS,
      userPendingLimit: 2 * JOBS,
    });
    scope.defer(() => queue.close());
    await queue.applySettings();
    const redis = new Redis(server);
    scope.defer(() => redis.disconnect());

    const random = randomFrom(1);
    const payload = await packPayload(payloadOfSize(2_000));
    const enqueue = (user: string) =>
      queue.enqueue({
        ...{ id: randomUUID(), user, clientId: "browser", payload },
        ...{ costSeconds: 5, vramMiB: 10_000, models: [CHECKPOINT] },
      });
    const work: Readonly<Record<string, (call: number) => Promise<unknown>>> = {
      position: async () => {
        const id = ids[Math.floor(random() * JOBS)] ?? "";
        if ((await queue.position(id)) === undefined) throw new Error(`${id} does not wait`);
      },
      "enqueue by a user with 50 waiting jobs": (call) => enqueue(`crowd-${call % CROWD}`),
      "enqueue by a user with 5,000 waiting jobs": () => enqueue("keen-0"),
      claim: async () => {
        const claim = await queue.claim("worker-1", VRAM_MIB, [CHECKPOINT]);
        if (!claim) throw new Error("a job waits");
      },
    };
    const figures: Figure[] = [];
    for (const [name, call] of Object.entries(work)) {
      for (let index = 0; index < 20; index++) await call(index);
      await redis.config("RESETSTAT");
      const latencies: number[] = [];
      for (let index = 0; index < CALLS; index++) {
        const start = performance.now();
        await call(index);
        latencies.push(performance.now() - start);
      }
      const { p50, p99 } = await scriptTimes(redis);
      figures.push(
        distribution(`${name}, as a client sees it`, "ms", latencies),
        { name: `${name}, inside Redis`, unit: "ms", value: p50, p99, samples: CALLS },
        { name: `${name}, inside Redis, p99`, unit: "ms", value: p99, goal: GOAL_MS },
      );
    }
    return figures;
  },
};

/** ms that Redis worked on each script since its statistics were reset. */
async function scriptTimes(redis: Redis): Promise<{ p50: number; p99: number }> {
  const info = await redis.info("latencystats");
  const found = /^latency_percentiles_usec_(?:evalsha|fcall):p50=([\d.]+),p99=([\d.]+)/m.exec(info);
  if (!found) throw new Error("Redis tells the latency of scripts (7.0 or newer)");
  return { p50: Number(found[1]) / 1000, p99: Number(found[2]) / 1000 };
}
