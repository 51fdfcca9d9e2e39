/** Our queue: fair between users, with limits, positions and a stream of events. */
import { Queue } from "@comfymulti/queue";
import type { TestRedis } from "@comfymulti/queue/testing";
import { randomUUID } from "node:crypto";
import type { Scope } from "../../measurement/figure.ts";
import { CHECKPOINT, type WorkflowPayload } from "../workflows.ts";
import { jobResult, USERS, WORKERS, type ComparedQueue, type Served } from "./compared-queue.ts";

const VRAM_MIB = 80_000;
const UNLIMITED = 1_000_000;

export async function ownQueue(
  redis: TestRedis,
  durable: boolean,
  scope: Scope,
): Promise<ComparedQueue> {
  const options = {
    ...redis,
    requireDurability: durable,
    maxQueueDepth: UNLIMITED,
    userPendingLimit: UNLIMITED,
    maxQueueBytes: 2 ** 40,
  };
  const queue = await Queue.connect(options);
  scope.defer(() => queue.close());
  await queue.applySettings();

  let serial = 0;
  const add = async (payload: WorkflowPayload) => {
    await queue.enqueue({
      id: randomUUID(),
      user: `user${serial++ % USERS}`,
      clientId: "browser",
      payload,
      costSeconds: 5 + (serial % 7),
      vramMiB: 10_000,
      models: [CHECKPOINT],
    });
  };

  const work = async (worker: string, signal: AbortSignal, served: Served) => {
    while (!signal.aborted) {
      const claim = await queue.claim(worker, VRAM_MIB, [CHECKPOINT]);
      if (!claim) {
        await queue.waitForWork(signal);
        continue;
      }
      served.onStart(claim.payload as WorkflowPayload);
      await queue.complete({ worker, job: claim.job.id, attempt: claim.attempt }, jobResult);
      served.onEnd();
    }
  };
  const workers = (served: Served) => {
    const stop = new AbortController();
    let working: readonly Promise<void>[] = [];
    return Promise.resolve({
      start: () => {
        working = Array.from({ length: WORKERS }, (_, index) =>
          work(`worker-${index + 1}`, stop.signal, served),
        );
      },
      stop: async () => {
        stop.abort();
        await Promise.all(working);
      },
    });
  };
  return { name: "our queue", add, workers };
}
