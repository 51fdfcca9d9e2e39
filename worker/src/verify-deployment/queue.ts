/** Whether Redis and the queue manager can be reached from here. */
import { Queue, QueueError } from "@comfymulti/queue";
import { request } from "undici";
import { fail, ok, worst } from "./check.ts";
import type { Verdict } from "./check.ts";
import type { VerifySettings } from "./settings.ts";

export async function checkQueue(settings: VerifySettings, signal: AbortSignal): Promise<Verdict> {
  return worst(await Promise.all([checkRedis(settings), checkQueueManager(settings, signal)]));
}

async function checkRedis(settings: VerifySettings): Promise<Verdict> {
  const { INFERENCE_SERVER_REDIS_HOST: host, REDIS_PORT: port } = settings;
  const place = `Redis at ${host}:${port}`;
  try {
    const queue = await Queue.connect({
      ...{ host, port },
      ...(settings.REDIS_USERNAME !== undefined && { username: settings.REDIS_USERNAME }),
      ...(settings.REDIS_PASSWORD !== undefined && { password: settings.REDIS_PASSWORD }),
      ...(settings.QUEUE_HASH_TAG !== undefined && { hashTag: settings.QUEUE_HASH_TAG }),
    });
    try {
      const { pending } = await queue.counts();
      return ok(`${place} answers, ${pending} jobs wait.`);
    } finally {
      await queue.close();
    }
  } catch (error) {
    const reason = error instanceof QueueError ? error.message : `${place} can't be used.`;
    return fail(
      `${reason} Check INFERENCE_SERVER_REDIS_HOST, REDIS_PORT, REDIS_PASSWORD and the private network.`,
    );
  }
}

async function checkQueueManager(
  { QUEUE_MANAGER_URL: base }: VerifySettings,
  signal: AbortSignal,
): Promise<Verdict> {
  if (base === undefined) return fail("QUEUE_MANAGER_URL is not set: results have nowhere to go.");
  const url = new URL("health", base.endsWith("/") ? base : `${base}/`);
  try {
    const { statusCode, body } = await request(url, { signal });
    await body.dump();
    if (statusCode === 200) return ok("The queue manager answers.");
    return fail(
      `The queue manager at ${url.origin} answers with status ${statusCode}: ${statusCode === 503 ? "its Redis is away" : "check QUEUE_MANAGER_URL"}.`,
    );
  } catch {
    return fail(
      `The queue manager at ${url.origin} can't be reached: check QUEUE_MANAGER_URL and the private network.`,
    );
  }
}
