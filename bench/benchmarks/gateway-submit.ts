/**
 * `POST /prompt` with graphs of two sizes, few and many clients, and a short and a deep queue. The
 * clients share 20 participants; what waits before them belongs to 2,000 others. Client, gateways and
 * Redis share the machine's cores.
 */
import { Queue } from "@comfymulti/queue";
import { Redis } from "ioredis";
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution, median, quantile } from "../measurement/statistics.ts";
import { startGateway, UNLIMITED, type Gateway } from "../platform/gateway.ts";
import { pollHealth } from "../platform/health-poller.ts";
import { postPrompts, type LoadResult } from "../platform/http-load.ts";
import { registerWorker } from "../platform/registered-worker.ts";
import { fillQueue } from "../platform/waiting-jobs.ts";
import { payloadOfSize } from "../platform/workflows.ts";

/** Of 49 and of 763 nodes, each with the editor's workflow. */
const sizes = [
  { label: "36 kB", bytes: 36_000 },
  { label: "500 kB", bytes: 500_000 },
] as const;
const SHALLOW = 0;
const DEEP = 100_000;
/** A measurement itself adds some hundred jobs. */
const DEPTHS = [SHALLOW, 1_000, DEEP];
const CLIENTS = [1, 8, 100];
const CROWD = 2_000;
const USERS = 20;
const VARIANTS = 4;
const SECONDS = 1;
/** A hundred large graphs take longer than a second to go round. */
const HEAVY_SECONDS = 2.5;
const WARM_UP_SECONDS = 0.5;
/** A deep queue may cost this much more time a job than an empty one. */
const DEPTH_GOAL = 1.2;
const HEALTH_GOAL_MS = 50;

export const gatewaySubmit: Benchmark = {
  name: "gateway-submit",
  about: "POST /prompt over HTTP by graph size, clients and depth; /health meanwhile",
  async run(scope: Scope): Promise<Figure[]> {
    // Two gateways, so that the deep queue is filled once and measured right beside the empty one.
    const [shallow, deep] = [await Target.start(scope), await Target.start(scope)];
    await shallow.refill(SHALLOW);
    await deep.refill(DEEP);
    const loads = sizes.map(({ label, bytes }) => ({
      label,
      bodies: Array.from({ length: VARIANTS }, (_, variant) => bodyOf(bytes, variant)),
    }));
    // The first requests find cold code.
    for (const target of [shallow, deep]) {
      for (const { bodies } of loads) await target.load(bodies, 8, WARM_UP_SECONDS);
    }

    const figures: Figure[] = [];
    const health: Figure[] = [];
    const times = new Map<string, number>();
    for (const { label, bodies } of loads) {
      for (const clients of CLIENTS) {
        const heaviest = label === "500 kB" && clients === 100;
        for (const depth of DEPTHS) {
          const target = depth === DEEP ? deep : shallow;
          if (target === shallow) await shallow.refill(depth);
          const watch = heaviest && depth === SHALLOW;
          const stop = watch ? await pollHealth(target.gateway.origin, scope) : undefined;
          const seconds = heaviest ? HEAVY_SECONDS : SECONDS;
          const { perSecond, latencies } = await target.load(bodies, clients, seconds);
          if (stop) health.push(...healthFigures(await stop()));
          const what = `${label}, ${count(clients, "client")}`;
          times.set(`${what}, ${depth}`, median(latencies));
          figures.push(
            { name: `${what}, depth ${depth}`, unit: "/s", value: perSecond },
            distribution(`${what}, depth ${depth}, until answered`, "ms", latencies),
          );
        }
      }
    }
    return [...figures, ...depthFigures(times), ...health];
  },
};

/** A gateway with a queue of its own. */
class Target {
  readonly gateway: Gateway;
  readonly #queue: Queue;
  readonly #redis: Redis;

  private constructor(gateway: Gateway, queue: Queue, redis: Redis) {
    this.gateway = gateway;
    this.#queue = queue;
    this.#redis = redis;
  }

  static async start(scope: Scope): Promise<Target> {
    const gateway = await startGateway(scope, {
      users: USERS,
      environment: UNLIMITED,
      // No fork rewrites the file in mid-measurement.
      redis: ["auto-aof-rewrite-percentage 0"],
    });
    const queue = await Queue.connect(gateway.redis);
    scope.defer(() => queue.close());
    const redis = new Redis(gateway.redis);
    scope.defer(() => redis.disconnect());
    return new Target(gateway, queue, redis);
  }

  /** Empties the queue and lets this many small jobs wait. */
  async refill(depth: number): Promise<void> {
    await this.#redis.flushall();
    await registerWorker(this.#queue);
    await fillQueue(this.gateway.redis, depth, CROWD);
  }

  async load(bodies: readonly string[], clients: number, seconds: number): Promise<LoadResult> {
    const { participants } = this.gateway;
    const before = (await this.#queue.counts()).pending;
    const result = await postPrompts({ participants, clients, seconds, bodies });
    const accepted = (await this.#settled()) - before;
    if (accepted < result.latencies.length) throw new Error("an answered graph is not queued");
    return result;
  }

  /**
   * Waits until the gateway has worked off what the load's end left under way.
   *
   * @returns jobs that wait then
   */
  async #settled(): Promise<number> {
    for (let before = -1; ; await pause(150)) {
      const { pending } = await this.#queue.counts();
      if (pending === before) return pending;
      before = pending;
    }
  }
}

function bodyOf(bytes: number, variant: number): string {
  const { prompt, extraData } = payloadOfSize(bytes, variant);
  return JSON.stringify({ client_id: "browser", prompt, extra_data: extraData });
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;

/** How long an answer takes with a deep queue, as a multiple of what it takes with an empty one. */
function depthFigures(times: ReadonlyMap<string, number>): Figure[] {
  return sizes.flatMap(({ label }) =>
    CLIENTS.map((clients): Figure => {
      const what = `${label}, ${count(clients, "client")}`;
      const at = (depth: number) => times.get(`${what}, ${depth}`) ?? NaN;
      return {
        name: `${what}: median answer at depth ${DEEP} against depth ${SHALLOW}`,
        unit: "×",
        value: at(DEEP) / at(SHALLOW),
        goal: DEPTH_GOAL,
      };
    }),
  );
}

function healthFigures(answers: { latencies: readonly number[]; refused: number }): Figure[] {
  const name = "GET /health while 100 clients submit 500 kB";
  return [
    distribution(name, "ms", answers.latencies),
    {
      name: `${name}, p99`,
      unit: "ms",
      value: quantile(answers.latencies, 0.99),
      goal: HEALTH_GOAL_MS,
    },
    ...(answers.refused === 0
      ? []
      : [{ name: `${name}: answers other than 200`, unit: "×", value: answers.refused } as const]),
  ];
}
