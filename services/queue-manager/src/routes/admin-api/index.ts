/** The host's API: `/api/v1/*`, described by `/api/v1/openapi.json`. Admin token on every route. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from "fastify-type-provider-zod";
import type { Gateway } from "../../gateway.ts";
import { healthRoute } from "./health.ts";
import { jobsRoutes } from "./jobs.ts";
import { limitsRoute } from "./limits.ts";
import { usersRoutes } from "./users.ts";
import { workersRoutes } from "./workers.ts";

export async function adminRoutes(app: FastifyInstance, gateway: Gateway): Promise<void> {
  await app.register(
    async (scope) => {
      scope.addHook("onRequest", scope.requireAdmin);
      scope.setValidatorCompiler(validatorCompiler);
      scope.setSerializerCompiler(serializerCompiler);
      await scope.register(swagger, {
        openapi: {
          openapi: "3.1.0",
          info: { title: `${gateway.environment.PROJECT_NAME} queue manager`, version: "1" },
          components: { securitySchemes: { admin: { type: "http", scheme: "bearer" } } },
          security: [{ admin: [] }],
        },
        transform: jsonSchemaTransform,
      });
      for (const route of [healthRoute, jobsRoutes, limitsRoute, usersRoutes, workersRoutes]) {
        route(scope, gateway);
      }
      scope.get("/openapi.json", { schema: { hide: true } }, (_request, reply) =>
        reply.send(scope.swagger()),
      );
    },
    { prefix: "/api/v1" },
  );
}
