/**
 * BullMQ with its defaults, first in, first out. One `Worker` with a concurrency of eight: it fetches
 * the next job in the same script that ends the one before, which suits it better than eight workers.
 */
import type { TestRedis } from "@comfymulti/queue/testing";
import { Queue, Worker } from "bullmq";
import type { Scope } from "../../measurement/figure.ts";
import type { WorkflowPayload } from "../workflows.ts";
import {
  jobResult,
  KEPT_JOBS,
  WORKERS,
  type ComparedQueue,
  type Served,
} from "./compared-queue.ts";

const NAME = "workshop";

export async function bullmqQueue(redis: TestRedis, scope: Scope): Promise<ComparedQueue> {
  const { host, port, password } = redis;
  const connection = { host, port, password };
  const removeOnComplete = { count: KEPT_JOBS };
  const queue = new Queue<WorkflowPayload>(NAME, {
    connection,
    defaultJobOptions: { removeOnComplete },
  });
  scope.defer(() => queue.close());
  await queue.waitUntilReady();

  const workers = async ({ onStart, onEnd }: Served) => {
    const worker = new Worker<WorkflowPayload>(
      NAME,
      (job) => {
        onStart(job.data);
        return Promise.resolve(jobResult);
      },
      {
        // A worker's blocking connection must never give a command up.
        connection: { ...connection, maxRetriesPerRequest: null },
        concurrency: WORKERS,
        autorun: false,
      },
    );
    worker.on("completed", onEnd);
    await worker.waitUntilReady();
    let running: Promise<void> = Promise.resolve();
    return {
      start: () => {
        running = worker.run();
      },
      stop: async () => {
        await worker.close();
        await running;
      },
    };
  };
  const add = async (payload: WorkflowPayload) => void (await queue.add("prompt", payload));
  return { name: "BullMQ", add, workers };
}
