/** `GET /api/v1/metrics`: what `/metrics` says. */
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

export const metricsAliasRoute: Route = (app) => {
  app.get(
    "/metrics",
    {
      logLevel: "warn",
      schema: {
        tags: ["operation"],
        summary: "Metrics for Prometheus",
        description:
          "The same as `/metrics`. Figures of the queue are the same at every replica; counters are the replica's own. While Redis is away `comfymulti_redis_up` is 0 and the queue's figures are left out.",
        response: {
          ...errorResponses,
          200: {
            description: "Prometheus' text format.",
            content: { "text/plain": { schema: z.string() } },
          },
        },
      },
    },
    async (_request, reply) => {
      const { registry } = app.metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
};
