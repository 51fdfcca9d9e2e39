/** Submit to start through the queue library alone: enqueue until a waiting worker holds the job. */
import { Queue, type Claim } from "@comfymulti/queue";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { templates } from "@comfymulti/workflows";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DiskSync } from "../measurement/disk-sync.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { againstDisk, withoutDisk } from "../measurement/latency-goal.ts";
import { distribution } from "../measurement/statistics.ts";

const JOBS = 400;
/** Lets the worker go back to waiting: the queue is idle at every submit. */
const IDLE_MS = 25;
const WORKER_VRAM_MIB = 80_000;

export const queueLatency: Benchmark = {
  name: "queue-latency",
  about: "enqueue to claim in a waiting worker, queue library alone",
  async run(scope: Scope): Promise<Figure[]> {
    const redis = await startRedis();
    scope.defer(() => redis.stop());
    const disk = new DiskSync(redis.folder);
    scope.defer(() => disk.close());
    const { accepted, started } = await measure(redis, scope, () => disk.measure());
    return [
      distribution("fdatasync of 1 kB on the same disk", "ms", disk.samples),
      distribution("enqueue until accepted (one fsync)", "ms", accepted),
      ...againstDisk("enqueue until claimed (two fsyncs)", started, disk.samples),
    ];
  },
};

export const queueLatencyEverysec: Benchmark = {
  name: "queue-latency-everysec",
  about: "the same with appendfsync everysec, where no write waits for the disk",
  async run(scope: Scope): Promise<Figure[]> {
    const redis = await startRedis(["appendfsync everysec"]);
    scope.defer(() => redis.stop());
    const { accepted, started } = await measure(redis, scope);
    return [
      distribution("enqueue until accepted (no fsync)", "ms", accepted),
      ...withoutDisk("enqueue until claimed (no fsync)", started),
    ];
  },
};

/** @param beforeEach Called before each submit. */
async function measure(
  redis: TestRedis,
  scope: Scope,
  beforeEach: () => void = () => undefined,
): Promise<{ accepted: number[]; started: number[] }> {
  // Durability is the benchmark's choice here.
  const options = { ...redis, requireDurability: false };
  const [gateway, worker] = await Promise.all([Queue.connect(options), Queue.connect(options)]);
  scope.defer(() => gateway.close());
  scope.defer(() => worker.close());

  const stop = new AbortController();
  let claimed = Promise.withResolvers<number>();
  const working = serve(worker, stop.signal, () => claimed.resolve(performance.now()));
  scope.defer(async () => {
    stop.abort();
    await working;
  });

  const accepted: number[] = [];
  const started: number[] = [];
  for (let index = 0; index < JOBS; index++) {
    await pause(IDLE_MS);
    beforeEach();
    claimed = Promise.withResolvers();
    const start = performance.now();
    await gateway.enqueue(newJob());
    accepted.push(performance.now() - start);
    started.push((await claimed.promise) - start);
  }
  return { accepted, started };
}

function newJob() {
  const payload = { prompt: templates[0]?.api ?? {}, extraData: {}, outputsToExecute: [] };
  return { id: randomUUID(), user: "user001", clientId: "", payload, costSeconds: 1, vramMiB: 0 };
}

/** A worker whose jobs take no time. */
async function serve(
  queue: Queue,
  signal: AbortSignal,
  onClaim: (claim: Claim) => void,
): Promise<void> {
  while (!signal.aborted) {
    const claim = await queue.claim("worker-1", WORKER_VRAM_MIB);
    if (!claim) {
      await queue.waitForWork(signal);
      continue;
    }
    onClaim(claim);
    const holder = { worker: "worker-1", job: claim.job.id, attempt: claim.attempt };
    await queue.complete(holder, { outputs: {}, meta: {}, messages: [] });
  }
}
