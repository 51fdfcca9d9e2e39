/** The host's API: `/api/v1/*`, described by `/api/v1/openapi.json`. Admin token on every route. */
import { fastifySSE } from "@fastify/sse";
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { Gateway } from "../../gateway.ts";
import { announcementRoutes } from "./announcement.ts";
import { cancelRoutes } from "./cancel.ts";
import { descriptionRoute, openapiOptions } from "./description.ts";
import { EVENT_KEEP_ALIVE_MS, eventsRoute } from "./events.ts";
import { healthRoute } from "./health.ts";
import { jobsRoutes } from "./jobs.ts";
import { limitsRoute } from "./limits.ts";
import { memoryRoute } from "./memory.ts";
import { metricsAliasRoute } from "./metrics.ts";
import { outputsRoute } from "./outputs.ts";
import { placeRoutes } from "./place.ts";
import { queueRoutes } from "./queue.ts";
import { usersRoutes } from "./users.ts";
import { vramRoute } from "./vram.ts";
import { workersRoutes } from "./workers.ts";

const routes = [
  queueRoutes,
  jobsRoutes,
  placeRoutes,
  cancelRoutes,
  usersRoutes,
  outputsRoute,
  workersRoutes,
  announcementRoutes,
  eventsRoute,
  limitsRoute,
  memoryRoute,
  vramRoute,
  healthRoute,
  metricsAliasRoute,
  descriptionRoute,
];

export async function adminRoutes(app: FastifyInstance, gateway: Gateway): Promise<void> {
  await app.register(
    async (scope) => {
      scope.addHook("onRequest", scope.requireAdmin);
      scope.setValidatorCompiler(validatorCompiler);
      scope.setSerializerCompiler(serializerCompiler);
      await scope.register(swagger, openapiOptions);
      await scope.register(fastifySSE, { heartbeatInterval: EVENT_KEEP_ALIVE_MS });
      for (const route of routes) route(scope, gateway);
    },
    { prefix: "/api/v1" },
  );
}
