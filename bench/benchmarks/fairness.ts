/** How even GPU time is shared over a simulated afternoon; `fairness-plot/` draws the same. */
import { startRedis } from "@comfymulti/queue/testing";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { inJobs, simulate } from "../fairness-plot/simulate.ts";

/** Less than one job: what the fair policy promises. */
const GOAL = 1;

export const fairness: Benchmark = {
  name: "fairness",
  about: "largest difference between two people who always had work, in longest jobs",
  async run(scope: Scope): Promise<Figure[]> {
    // Order is measured, not durability.
    const redis = await startRedis(["appendfsync no"]);
    scope.defer(() => redis.stop());
    return [
      {
        name: "fair in GPU seconds",
        unit: "×",
        value: inJobs(await simulate(redis, "fair")),
        goal: GOAL,
      },
      { name: "first come, first served", unit: "×", value: inJobs(await simulate(redis, "fifo")) },
    ];
  },
};
