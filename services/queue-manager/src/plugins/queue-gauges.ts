/**
 * What the queue holds, as gauges. It is one queue, so every replica says the same; add no two of
 * them up. While Redis is away they have no value, rather than zeros, and `comfymulti_redis_up` is 0.
 */
import { jobStates, workerSchema, type MemoryUse, type QueueContract } from "@comfymulti/queue";
import { Gauge, type Registry } from "prom-client";

const workerStatuses = workerSchema.shape.status.options;

/** Registers them; each is read when Prometheus asks. */
export function registerQueueGauges(registry: Registry, queue: QueueContract): void {
  const registers = [registry];

  /** One figure. */
  const figure = (name: string, help: string, read: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await read().catch(() => undefined);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });

  /** One figure for each value of a label. */
  const figures = <Label extends string>(
    name: string,
    help: string,
    label: Label,
    read: () => Promise<readonly (readonly [value: string, figure: number])[]>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        this.reset();
        for (const [value, count] of await read().catch(() => [])) {
          this.labels(value).set(count);
        }
      },
    });

  const memory = (part: keyof MemoryUse) => async () => (await queue.memory())[part];

  figures("comfymulti_queue_jobs", "Jobs in the queue by state", "state", async () => {
    const counts = await queue.counts();
    return jobStates.map((state) => [state, counts[state]]);
  });
  figures("comfymulti_workers", "Workers by status", "status", async () => {
    const workers = await queue.workers();
    return workerStatuses.map((status) => [
      status,
      workers.filter((worker) => worker.status === status).length,
    ]);
  });
  figures(
    "comfymulti_worker_silence_seconds",
    "Time since a worker last reported to the queue",
    "worker",
    async () => {
      const workers = await queue.workers();
      // Redis' clock wrote the time, and it is this machine's or the one's beside it.
      return workers.map(({ name, lastSeenAt }) => [
        name,
        Math.max(0, (Date.now() - lastSeenAt) / 1000),
      ]);
    },
  );
  figure("comfymulti_queue_paused", "1 while the host has paused the queue", async () =>
    Number(await queue.paused()),
  );
  figure("comfymulti_redis_memory_used_bytes", "All that Redis uses", memory("used"));
  figure("comfymulti_redis_memory_limit_bytes", "Redis' own limit; 0 = none", memory("limit"));
  figure("comfymulti_queue_waiting_bytes", "Compressed graphs of unended jobs", memory("waiting"));
  figure(
    "comfymulti_queue_history_bytes",
    "Compressed graphs and results of ended jobs",
    memory("history"),
  );
  figure("comfymulti_redis_up", "1 while Redis answers", () =>
    queue.ping().then(
      () => 1,
      () => 0,
    ),
  );
}
