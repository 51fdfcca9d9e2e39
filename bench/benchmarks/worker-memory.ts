/** Whether a worker grows: its memory over 2,000 jobs. */
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { Browser } from "../platform/browser.ts";
import { smallGraph } from "../platform/graphs.ts";
import { memoryOf } from "../platform/process-facts.ts";
import { startGatewayForWorker, startWorker } from "../platform/worker.ts";

const JOBS = 2_000;
/** In one go; memory is looked at after each. */
const BATCH = 100;
/** Until here code is compiled and caches fill. */
const WARM_UP = 500;
/** Memory at the end beside that after the warm-up: garbage that is not collected yet is allowed for. */
const GOAL = 1.15;

export const workerMemory: Benchmark = {
  name: "worker-memory",
  about: "a worker's memory over 2,000 jobs",
  onlyWhenNamed: true,
  async run(scope: Scope): Promise<Figure[]> {
    const gateway = await startGatewayForWorker(scope);
    const worker = await startWorker(gateway, scope);
    const browser = await Browser.open(gateway.participant);
    scope.defer(() => browser.close());

    const seen: number[] = [];
    for (let job = 0; job < JOBS; job += BATCH) {
      for (let index = job; index < job + BATCH; index++) await browser.render(smallGraph(index));
      seen.push(memoryOf(worker.pid).rss);
    }
    const after = (jobs: number) => seen[jobs / BATCH - 1] ?? Number.NaN;
    const steady = seen.slice(WARM_UP / BATCH);
    const half = steady.length / 2;
    const growth = mean(steady.slice(half)) / mean(steady.slice(0, half));
    return [
      ...[100, WARM_UP, 1_000, JOBS].map((jobs): Figure => ({
        name: `after ${jobs} jobs, RSS`,
        unit: "MB",
        value: after(jobs),
      })),
      {
        name: "jobs 1,250 to 2,000 beside 500 to 1,250, mean RSS",
        unit: "×",
        value: growth,
        goal: GOAL,
      },
    ];
  },
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
