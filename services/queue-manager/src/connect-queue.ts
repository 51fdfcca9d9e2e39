/** Connects the queue library with this service's settings. */
import { Queue } from "@comfymulti/queue";
import { DAY_MS, type Environment } from "./environment.ts";

/** A queue that reconnects by itself, its waiting jobs in this policy's order. Its caller closes it. */
export async function connectQueue(environment: Environment): Promise<Queue> {
  const queue = await Queue.connect({
    host: environment.APP_SERVER_REDIS_HOST,
    port: environment.REDIS_PORT,
    ...(environment.REDIS_USERNAME !== undefined && { username: environment.REDIS_USERNAME }),
    password: environment.REDIS_PASSWORD,
    hashTag: environment.QUEUE_HASH_TAG,
    policy: environment.QUEUE_POLICY,
    maxQueueDepth: environment.MAX_QUEUE_DEPTH,
    maxQueueBytes: environment.MAX_QUEUE_BYTES,
    userPendingLimit: environment.USER_PENDING_LIMIT,
    affinity: {
      windowSeconds: environment.AFFINITY_WINDOW_SECONDS,
      passes: environment.AFFINITY_PASSES,
    },
    maxLosses: environment.MAX_WORKER_LOSSES,
    maxAttempts: environment.MAX_ATTEMPTS,
    historyPerUser: environment.HISTORY_PER_USER,
    historyBytesPerUser: environment.HISTORY_BYTES_PER_USER,
    historyMaxAgeMs: environment.HISTORY_DAYS * DAY_MS,
    weights: Object.fromEntries(environment.USERS.map(({ id, weight }) => [id, weight])),
  });
  try {
    await queue.applySettings();
  } catch (error) {
    await queue.close();
    throw error;
  }
  return queue;
}
