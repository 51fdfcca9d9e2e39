/** Measurements of one queue with payloads of one size. */
import type { Redis } from "ioredis";
import { setTimeout as pause } from "node:timers/promises";
import type { WorkflowPayload } from "../workflows.ts";
import type { ComparedQueue } from "./compared-queue.ts";

/** Jobs done in a time. */
export interface Done {
  readonly jobs: number;
  readonly ms: number;
}

/** Processor time, ms, of all those jobs. */
export interface ProcessorTime {
  readonly redis: number;
  readonly client: number;
}

export class QueueRun {
  readonly queue: ComparedQueue;
  readonly #redis: Redis;
  readonly #payloads: readonly WorkflowPayload[];
  #added = 0;
  #ended = 0;

  /** @param redis A connection of the benchmark's own, to ask for Redis' processor time. */
  constructor(queue: ComparedQueue, redis: Redis, payloads: readonly WorkflowPayload[]) {
    this.queue = queue;
    this.#redis = redis;
    this.#payloads = payloads;
  }

  /** This many adds are always under way, for this long. */
  async add(concurrency: number, ms: number): Promise<Done> {
    const start = performance.now();
    const before = this.#added;
    const producer = async () => {
      // Each adds one at least: handing over large graphs takes this process a while.
      do await this.#addOne();
      while (performance.now() - start < ms);
    };
    await Promise.all(Array.from({ length: concurrency }, producer));
    return { jobs: this.#added - before, ms: performance.now() - start };
  }

  /** Claims and completes everything that waits. */
  async drain(): Promise<Done> {
    const jobs = this.#added - this.#ended;
    const workers = await this.#workers();
    const start = performance.now();
    await workers.untilAllEnded();
    const ms = performance.now() - start;
    await workers.stop();
    return { jobs, ms };
  }

  /** Producers add for this long beside the workers; the time counts until the last job is complete. */
  async mixed(producers: number, ms: number): Promise<Done & { processor: ProcessorTime }> {
    const workers = await this.#workers();
    const [before, cpu] = [this.#ended, await this.#processorTime()];
    const start = performance.now();
    workers.start();
    await this.add(producers, ms);
    await workers.untilAllEnded();
    const elapsed = performance.now() - start;
    const after = await this.#processorTime();
    await workers.stop();
    return {
      jobs: this.#ended - before,
      ms: elapsed,
      processor: { redis: after.redis - cpu.redis, client: after.client - cpu.client },
    };
  }

  /** ms from each call of add until a worker has the job, at a steady rate that leaves workers idle. */
  async startLatencies(perSecond: number, ms: number): Promise<number[]> {
    const latencies: number[] = [];
    const workers = await this.#workers((sent) => latencies.push(performance.now() - sent));
    workers.start();
    const adds: Promise<void>[] = [];
    const start = performance.now();
    for (let index = 0; index * 1000 < perSecond * ms; index++) {
      await pause(Math.max(0, start + (index * 1000) / perSecond - performance.now()));
      adds.push(this.#addOne());
    }
    await Promise.all(adds);
    await workers.untilAllEnded();
    await workers.stop();
    return latencies;
  }

  async #addOne(): Promise<void> {
    const payload = this.#payloads[this.#added++ % this.#payloads.length];
    if (!payload) throw new Error("there is a payload");
    const extraData = { ...payload.extraData, sent: performance.now() };
    await this.queue.add({ ...payload, extraData });
  }

  /** Workers, and a way to wait until all that was added has ended, which starts them if need be. */
  async #workers(onStart: (sent: number) => void = () => undefined) {
    let onAllEnded: () => void = () => undefined;
    let started = false;
    const workers = await this.queue.workers({
      onStart: ({ extraData }) => onStart(Number(extraData["sent"])),
      onEnd: () => {
        this.#ended++;
        if (this.#ended === this.#added) onAllEnded();
      },
    });
    const start = () => {
      if (!started) workers.start();
      started = true;
    };
    const untilAllEnded = async () => {
      start();
      if (this.#ended === this.#added) return;
      await new Promise<void>((resolve) => {
        onAllEnded = resolve;
      });
    };
    return { start, untilAllEnded, stop: () => workers.stop() };
  }

  async #processorTime(): Promise<ProcessorTime> {
    const info = await this.#redis.info("cpu");
    const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
    const { user, system } = process.cpuUsage();
    return {
      redis: (seconds("used_cpu_user") + seconds("used_cpu_sys")) * 1000,
      client: (user + system) / 1000,
    };
  }
}
