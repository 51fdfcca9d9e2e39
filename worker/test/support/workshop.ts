/** Everything around a worker, real: Redis, queue, simulated ComfyUI, upload receiver. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "@comfymulti/queue";
import type { Job, JobState, MessageEvent, NewJob, Preview, StateEvent } from "@comfymulti/queue";
import { startRedis } from "@comfymulti/queue/testing";
import type { TestRedis } from "@comfymulti/queue/testing";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import type { SimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { pino } from "pino";
import { createWorkerApp } from "../../src/app.ts";
import type { WorkerApp } from "../../src/app.ts";
import { environmentSchema } from "../../src/environment.ts";
import { freePort } from "./free-port.ts";
import { startUploadReceiver, workerToken } from "./upload-receiver.ts";
import type { UploadReceiver } from "./upload-receiver.ts";

export const user = "user001";
export const clientId = "browser-1";
/** Short, so that a test can wait for one to run out. */
const LEASE_SECONDS = 2;

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

/** A picture that takes `steps` × `ms` milliseconds, with progress and previews. */
export function slowGraph(node: Record<string, unknown> = {}, color = 255): Graph {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 64, height: 48, batch_size: 1, color } },
    "4": {
      class_type: "GwSlow",
      inputs: { image: ["1", 0], steps: 4, ms: 60, fail: false, ...node },
    },
    "3": { class_type: "SaveImage", inputs: { images: ["4", 0], filename_prefix: "sub/picture" } },
  };
}

/** A picture made by one of the simulator's test nodes. */
export function testNodeGraph(classType: string): Graph {
  const graph = slowGraph();
  return { ...graph, "4": { class_type: classType, inputs: { image: ["1", 0] } } };
}

export class Workshop {
  readonly directory: string;
  readonly redis: TestRedis;
  readonly queue: Queue;
  readonly receiver: UploadReceiver;
  readonly messages: MessageEvent[] = [];
  readonly states: StateEvent[] = [];
  readonly previews: Preview[] = [];
  comfyui: SimulatedComfyui;
  readonly #closers: (() => Promise<void>)[] = [];

  private constructor(
    directory: string,
    redis: TestRedis,
    queue: Queue,
    receiver: UploadReceiver,
    comfyui: SimulatedComfyui,
  ) {
    this.directory = directory;
    this.redis = redis;
    this.queue = queue;
    this.receiver = receiver;
    this.comfyui = comfyui;
  }

  static async open(): Promise<Workshop> {
    const directory = await mkdtemp(join(tmpdir(), "comfymulti-worker-"));
    const redis = await startRedis();
    const queue = await Queue.connect({
      ...redis,
      leaseMs: LEASE_SECONDS * 1000,
    });
    const receiver = await startUploadReceiver(queue);
    const comfyui = await simulated(directory, 0);
    const workshop = new Workshop(directory, redis, queue, receiver, comfyui);
    workshop.#closers.push(
      () => rm(directory, { recursive: true, force: true }),
      () => redis.stop(),
      () => queue.close(),
      () => receiver.close(),
      () => workshop.comfyui.close(),
    );
    const subscription = await queue.subscribe({
      onEvent: (_user, event) => {
        if (event.kind === "message") workshop.messages.push(event);
        else workshop.states.push(event);
      },
      onPreview: (_user, preview) => workshop.previews.push(preview),
    });
    await subscription.add(user);
    workshop.#closers.push(() => subscription.close());
    return workshop;
  }

  /** Runs at the end, before what was opened earlier is closed. */
  atEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }

  /** The environment of a worker of this workshop. */
  async environment(changes: Record<string, string> = {}): Promise<Record<string, string>> {
    return {
      WORKER_NAME: "worker-1",
      WORKER_TOKEN: workerToken,
      INFERENCE_MODE: "local",
      REDIS_PORT: String(this.redis.port),
      REDIS_PASSWORD: this.redis.password,
      QUEUE_MANAGER_URL: this.receiver.url,
      COMFYUI_URL: this.comfyui.url,
      HEALTH_PORT: String(await freePort()),
      SPOOL_DIRECTORY: join(this.directory, "spool"),
      LEASE_SECONDS: String(LEASE_SECONDS),
      DRAIN_SECONDS: "0",
      LOG_LEVEL: "silent",
      ...changes,
    };
  }

  /** A worker in this process, closed at the end. */
  async startWorker(changes: Record<string, string> = {}): Promise<WorkerApp> {
    const environment = environmentSchema.parse(await this.environment(changes));
    const worker = await createWorkerApp(environment, pino({ level: environment.LOG_LEVEL }));
    this.atEnd(() => worker.close());
    await worker.start();
    return worker;
  }

  /** ComfyUI again, at the same address, with an empty memory. */
  async restartComfyui(): Promise<void> {
    const port = Number(new URL(this.comfyui.url).port);
    await this.comfyui.close();
    this.comfyui = await simulated(this.directory, port);
  }

  async enqueue(
    prompt: Graph,
    outputs: readonly string[] = ["3"],
    extra: Partial<NewJob> = {},
  ): Promise<string> {
    const id = randomUUID();
    await this.queue.enqueue({
      id,
      user,
      clientId,
      payload: { prompt, extraData: {}, outputsToExecute: [...outputs] },
      costSeconds: 1,
      vramMiB: 0,
      ...extra,
    });
    return id;
  }

  /** Waits for a state; expired leases are put back meanwhile, as a gateway does. */
  async reaches(id: string, ...states: JobState[]): Promise<Job> {
    for (;;) {
      await this.queue.expireLeases();
      const job = await this.queue.job(id);
      // The stored state is ahead of its event by a moment: who looks at both wants both.
      const told = this.states.some((event) => event.job === id && event.state === job?.state);
      if (job && told && states.includes(job.state)) return job;
      await sleep(20);
    }
  }

  /** Messages of one type that reached the browser, oldest first. */
  messagesOf(type: string): readonly MessageEvent[] {
    return this.messages.filter((event) => event.message.type === type);
  }
}

/** Resolves once the condition holds; the test's own time-out ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

const simulated = (directory: string, port: number): Promise<SimulatedComfyui> =>
  createSimulatedComfyui({
    dataDirectory: join(directory, "comfyui"),
    port,
    speed: 1000,
    testNodes: true,
  });
