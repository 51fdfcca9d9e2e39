/** Prometheus metrics of this replica, in a registry of its own. */
import type { QueueContract } from "@comfymulti/queue";
import fp from "fastify-plugin";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { registerQueueGauges } from "./queue-gauges.ts";

declare module "fastify" {
  interface FastifyInstance {
    metrics: Metrics;
  }
}

export interface Metrics {
  readonly registry: Registry;
  /** Prompts accepted. */
  readonly submits: Counter;
  /** Prompts accepted that were refused as they came. */
  readonly migrations: Counter;
  /** Prompts refused, by error type. */
  readonly refusals: Counter<"type">;
  /** Jobs taken from workers that fell silent. */
  readonly expiredLeases: Counter;
}

export default fp<{ queue: QueueContract; socketCount: () => number }>(
  (app, { queue, socketCount }, done) => {
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    registerQueueGauges(registry, queue);
    new Gauge({
      name: "comfymulti_websockets",
      help: "Open WebSockets of this replica",
      registers,
      collect() {
        this.set(socketCount());
      },
    });
    const durations = new Histogram({
      name: "comfymulti_http_request_duration_seconds",
      help: "Time from request to the end of the answer",
      labelNames: ["method", "route", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30],
      registers,
    });
    app.decorate("metrics", {
      registry,
      submits: new Counter({
        name: "comfymulti_prompts_accepted_total",
        help: "Prompts accepted into the queue",
        registers,
      }),
      migrations: new Counter({
        name: "comfymulti_prompts_migrated_total",
        help: "Prompts accepted after their graph got inputs that it lacked",
        registers,
      }),
      refusals: new Counter({
        name: "comfymulti_prompts_refused_total",
        help: "Prompts refused, by error type",
        labelNames: ["type"],
        registers,
      }),
      expiredLeases: new Counter({
        name: "comfymulti_leases_expired_total",
        help: "Jobs that this replica took from workers that fell silent",
        registers,
      }),
    });
    app.addHook("onResponse", (request, reply, next) => {
      // The route's pattern, not the URL: a label must have few values.
      const route = request.routeOptions.url ?? "none";
      durations.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      );
      next();
    });
    done();
  },
  { name: "metrics" },
);
