/** Connects the queue library with this service's settings. */
import { Queue } from "@comfymulti/queue";
import type { Environment } from "./environment.ts";

/** A queue that reconnects by itself. Its caller closes it. */
export function connectQueue(environment: Environment): Promise<Queue> {
  return Queue.connect({
    host: environment.APP_SERVER_REDIS_HOST,
    port: environment.REDIS_PORT,
    ...(environment.REDIS_USERNAME !== undefined && { username: environment.REDIS_USERNAME }),
    password: environment.REDIS_PASSWORD,
    hashTag: environment.QUEUE_HASH_TAG,
    policy: environment.QUEUE_POLICY,
    maxQueueDepth: environment.MAX_QUEUE_DEPTH,
    userPendingLimit: environment.USER_PENDING_LIMIT,
    maxLosses: environment.MAX_WORKER_LOSSES,
    weights: Object.fromEntries(environment.USERS.map(({ id, weight }) => [id, weight])),
  });
}
