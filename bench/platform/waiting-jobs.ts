/** Fills a queue fast: for measurements of what a deep queue costs, not of how it came about. */
import { packPayload, Queue } from "@comfymulti/queue";
import type { TestRedis } from "@comfymulti/queue/testing";
import { Redis } from "ioredis";
import { payloadOfSize } from "./workflows.ts";

const AT_ONCE = 500;
const UNLIMITED = 1_000_000_000;

/**
 * @param jobs How many small jobs are to wait.
 * @param users How many people they are shared among, called `<name>-0`, `<name>-1`, …
 * @returns their ids, in the order in which they came
 */
export async function fillQueue(
  server: TestRedis,
  jobs: number,
  users: number,
  name = "crowd",
): Promise<string[]> {
  const { host, port, password } = server;
  const redis = new Redis({ host, port, password });
  const queue = await Queue.connect({
    ...server,
    requireDurability: false,
    maxQueueDepth: UNLIMITED,
    userPendingLimit: UNLIMITED,
    maxQueueBytes: 2 ** 40,
  });
  const [, sync = "always"] = await redis.config("GET", "appendfsync");
  await redis.config("SET", "appendfsync", "no");
  try {
    const payload = await packPayload(payloadOfSize(1_000));
    const ids = Array.from({ length: jobs }, (_, index) => `waiting-${name}-${index}`);
    let next = 0;
    const fill = async () => {
      for (let index = next++; index < jobs; index = next++) {
        const [id = "", user] = [ids[index], `${name}-${index % users}`];
        const costSeconds = 1 + (index % 60);
        await queue.enqueue({ id, user, clientId: "", payload, costSeconds, vramMiB: 10_000 });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fill));
    return ids;
  } finally {
    await redis.config("SET", "appendfsync", sync);
    redis.disconnect();
    await queue.close();
  }
}
