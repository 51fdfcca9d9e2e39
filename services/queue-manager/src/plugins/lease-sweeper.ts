/** Gives back jobs whose worker went silent. Every replica sweeps; the script in Redis is atomic. */
import type { QueueContract } from "@comfymulti/queue";
import fp from "fastify-plugin";
import { LEASE_SWEEP_MS } from "../limits.ts";

export default fp<{ queue: QueueContract }>(
  (app, { queue }, done) => {
    let sweeping = false;
    let failing = false;

    async function sweep(): Promise<void> {
      if (sweeping) return;
      sweeping = true;
      try {
        for (const job of await queue.expireLeases()) {
          app.log.warn({ job: job.id, user: job.user, state: job.state }, "lease ran out");
        }
        failing = false;
      } catch (error) {
        // Once an outage, not once a second.
        if (!failing) app.log.error({ err: error }, "lease sweep failed");
        failing = true;
      } finally {
        sweeping = false;
      }
    }

    const timer = setInterval(() => void sweep(), LEASE_SWEEP_MS);
    app.addHook("onClose", (_instance, closed) => {
      clearInterval(timer);
      closed();
    });
    done();
  },
  { name: "lease-sweeper" },
);
