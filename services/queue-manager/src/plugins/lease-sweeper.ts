/**
 * Gives back jobs whose worker went silent, and drops what is too old to be kept. Every replica
 * sweeps; the scripts in Redis are atomic.
 */
import type { QueueContract } from "@comfymulti/queue";
import type { FastifyBaseLogger } from "fastify";
import fp from "fastify-plugin";
import { FORGET_SWEEP_MS, LEASE_SWEEP_MS } from "../limits.ts";

export default fp<{ queue: QueueContract }>(
  (app, { queue }, done) => {
    const timers = [
      every(LEASE_SWEEP_MS, "lease sweep", app.log, async () => {
        for (const job of await queue.expireLeases()) {
          app.metrics.expiredLeases.inc();
          app.log.warn({ job: job.id, user: job.user, state: job.state }, "lease ran out");
        }
      }),
      every(FORGET_SWEEP_MS, "sweep of old jobs", app.log, async () => {
        const dropped = await queue.forgetOld();
        if (dropped > 0) app.log.info({ dropped }, "old jobs dropped");
      }),
    ];
    app.addHook("onClose", (_instance, closed) => {
      for (const timer of timers) clearInterval(timer);
      closed();
    });
    done();
  },
  { name: "lease-sweeper", dependencies: ["metrics"] },
);

/** Repeats a sweep, never twice at once; a failure is logged once an outage. */
function every(
  ms: number,
  name: string,
  log: FastifyBaseLogger,
  sweep: () => Promise<void>,
): NodeJS.Timeout {
  let sweeping = false;
  let failing = false;
  const run = async (): Promise<void> => {
    if (sweeping) return;
    sweeping = true;
    try {
      await sweep();
      failing = false;
    } catch (error) {
      if (!failing) log.error({ err: error }, `${name} failed`);
      failing = true;
    } finally {
      sweeping = false;
    }
  };
  return setInterval(() => void run(), ms);
}
