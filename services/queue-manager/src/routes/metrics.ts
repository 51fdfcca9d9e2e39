/** `/metrics`: for Prometheus, with the admin token as its Bearer credentials. */
import type { Route } from "../gateway.ts";

export const metricsRoute: Route = (app) => {
  app.get(
    "/metrics",
    { onRequest: app.requireAdmin, logLevel: "warn" },
    async (_request, reply) => {
      const { registry } = app.metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
};
