/**
 * Our queue beside BullMQ on the same Redis with the same payloads, once with a sync at every write
 * and once with a sync every second. Both are driven from this one process, in turn.
 */
import { startRedis } from "@comfymulti/queue/testing";
import { Redis } from "ioredis";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution, quantile } from "../measurement/statistics.ts";
import { bullmqQueue } from "../platform/compared-queues/bullmq-queue.ts";
import { WORKERS } from "../platform/compared-queues/compared-queue.ts";
import { ownQueue } from "../platform/compared-queues/own-queue.ts";
import { QueueRun, type Done, type ProcessorTime } from "../platform/compared-queues/queue-run.ts";
import { payloadOfSize } from "../platform/workflows.ts";

/**
 * A graph alone, and a large workshop graph with its editor's workflow. The two queues take turns in
 * rounds; a hundred large graphs take most of a second to hand over, so their one round is longer.
 */
const sizes = [
  { label: "2 kB", bytes: 2_000, startsPerSecond: 100, rounds: 2, addMs: 600 },
  { label: "500 kB", bytes: 500_000, startsPerSecond: 20, rounds: 1, addMs: 1_500 },
] as const;
type Size = (typeof sizes)[number];
type Sync = "always" | "everysec";

const VARIANTS = 8;
const PRODUCERS = 20;
const MANY = 100;
const WARM_UP_MS = 500;
const STARTS_MS = 3_000;

export const queueThroughput = comparison("queue-throughput", "always");
export const queueThroughputEverysec = comparison("queue-throughput-everysec", "everysec");

function comparison(name: string, sync: Sync): Benchmark {
  return {
    name,
    about: `our queue library against BullMQ on one Redis, appendfsync ${sync}`,
    async run(scope: Scope): Promise<Figure[]> {
      const figures: Figure[] = [];
      for (const size of sizes) figures.push(...(await compare(size, sync, scope)));
      return figures;
    },
  };
}

async function compare(size: Size, sync: Sync, scope: Scope): Promise<Figure[]> {
  const [own, other] = await start(size, sync, scope);
  /** Measures both, one right after the other. */
  const both = async <Value>(measure: (run: QueueRun) => Promise<Value>) =>
    [await measure(own), await measure(other)] as const;

  await both((run) => run.mixed(PRODUCERS, WARM_UP_MS));
  const one: Pair[] = [];
  const many: Pair[] = [];
  const cycle: Pair[] = [];
  const mixed: (readonly [Mixed, Mixed])[] = [];
  for (let round = 0; round < size.rounds; round++) {
    one.push(await both((run) => run.add(1, size.addMs)));
    many.push(await both((run) => run.add(MANY, size.addMs)));
    cycle.push(await both((run) => run.drain()));
    mixed.push(await both((run) => run.mixed(PRODUCERS, size.addMs)));
  }
  const starts = await both((run) => run.startLatencies(size.startsPerSecond, STARTS_MS));

  const { label, startsPerSecond } = size;
  const names = [own.queue.name, other.queue.name] as const;
  const mixture = `${label}, ${PRODUCERS} producers and ${WORKERS} workers`;
  const perJob = (index: 0 | 1, part: keyof ProcessorTime) =>
    sum(mixed.map((pair) => pair[index].processor[part])) /
    sum(mixed.map((pair) => pair[index].jobs));
  return [
    ...rates(`${label}, add, one at a time`, names, one),
    ...rates(`${label}, add, ${MANY} at once`, names, many),
    ...rates(`${label}, claim to complete, ${WORKERS} workers`, names, cycle),
    ...rates(mixture, names, mixed),
    ...([0, 1] as const).flatMap((index): Figure[] => [
      {
        name: `${mixture}: Redis' processor time a job, ${names[index]}`,
        unit: "ms",
        value: perJob(index, "redis"),
      },
      {
        name: `${mixture}: this process' a job, ${names[index]}`,
        unit: "ms",
        value: perJob(index, "client"),
      },
    ]),
    ...names.map((name, index) =>
      distribution(
        `${label}, add to start at ${startsPerSecond} jobs/s, ${name}`,
        "ms",
        starts[index] ?? [],
      ),
    ),
    {
      name: `${label}, add to start, p99, ratio`,
      unit: "×",
      value: quantile(starts[0], 0.99) / quantile(starts[1], 0.99),
      goal: 1,
    },
  ];
}

async function start(
  { bytes }: Size,
  sync: Sync,
  scope: Scope,
): Promise<readonly [own: QueueRun, other: QueueRun]> {
  // No fork rewrites the file in mid-measurement: it would meet one of the two.
  const server = await startRedis([`appendfsync ${sync}`, "auto-aof-rewrite-percentage 0"]);
  scope.defer(() => server.stop());
  const { host, port, password } = server;
  const redis = new Redis({ host, port, password });
  scope.defer(() => redis.disconnect());
  const payloads = Array.from({ length: VARIANTS }, (_, variant) => payloadOfSize(bytes, variant));
  return [
    new QueueRun(await ownQueue(server, sync === "always", scope), redis, payloads),
    new QueueRun(await bullmqQueue(server, scope), redis, payloads),
  ];
}

type Pair = readonly [own: Done, other: Done];
type Mixed = Awaited<ReturnType<QueueRun["mixed"]>>;

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** Jobs a second of both over all rounds, and ours as a multiple of the other's. */
function rates(what: string, names: readonly [string, string], rounds: readonly Pair[]): Figure[] {
  const jobs = (index: 0 | 1) => sum(rounds.map((pair) => pair[index].jobs));
  const perSecond = (index: 0 | 1) =>
    jobs(index) / (sum(rounds.map((pair) => pair[index].ms)) / 1000);
  return [
    ...([0, 1] as const).map((index): Figure => ({
      name: `${what}, ${names[index]}`,
      unit: "/s",
      value: perSecond(index),
      samples: jobs(index),
    })),
    { name: `${what}, ratio`, unit: "×", value: perSecond(0) / perSecond(1), atLeast: 1 },
  ];
}
