/** `/health`: ready or not, at once. It never waits for anything slow. */
import type { QueueContract } from "@comfymulti/queue";
import type { Route } from "../gateway.ts";
import { HEALTH_TIMEOUT_MS } from "../limits.ts";

/** The state of this replica, as `/health` and the admin API tell it. */
export async function health(queue: QueueContract) {
  const timeout = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
  const tooSlow = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener("abort", () => {
      reject(new Error("Redis did not answer in time."));
    });
  });
  try {
    await Promise.race([queue.ping(), tooSlow]);
    const [counts, workers] = await Promise.race([
      Promise.all([queue.counts(), queue.workers()]),
      tooSlow,
    ]);
    const live = workers.filter(({ status }) => status !== "lost").length;
    return { status: "ok" as const, redis: "ok" as const, queue: counts, workers: live };
  } catch {
    return {
      status: "error" as const,
      redis: "unavailable" as const,
      reason: "Redis is not reachable; jobs can't be queued until it is back.",
    };
  }
}

export const healthRoute: Route = (app, { queue }) => {
  app.get("/health", { logLevel: "warn" }, async (_request, reply) => {
    const state = await health(queue);
    return reply
      .code(state.status === "ok" ? 200 : 503)
      .header("cache-control", "no-store")
      .send(state);
  });
};
