/** `GET /api/v1/openapi.json`: the API in OpenAPI 3.1, made from the routes' own schemas. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

/** The same for every workshop: `openapi.json` of this package is held against it. */
export const openapiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Queue manager: the host's API",
      version: "1",
      description:
        "Everything that the host can see and do in a workshop's queue. Every route asks for the admin token. Times are ms since the epoch by Redis' clock; refusals have ComfyUI's error form, whose `details` say what to do.",
    },
    tags: [
      { name: "queue", description: "The queue as a whole" },
      { name: "jobs", description: "Jobs of all users" },
      { name: "users", description: "Participants" },
      { name: "workers", description: "Machines that compute" },
      { name: "operation", description: "Limits, memory, health and what happens" },
    ],
    components: {
      securitySchemes: {
        admin: { type: "http", scheme: "bearer", description: "The stack's admin token." },
      },
    },
    security: [{ admin: [] }],
  },
  transform: jsonSchemaTransform,
  // Schemas that are only answered with have no use for a second form, to be sent.
  transformObject: (document) => {
    const described = jsonSchemaTransformObject(document);
    const schemas = "components" in described ? (described.components.schemas ?? {}) : {};
    for (const name of Object.keys(schemas)) if (name.endsWith("Input")) delete schemas[name];
    return described;
  },
};

export const descriptionRoute: Route = (app) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/openapi.json",
    {
      schema: {
        tags: ["operation"],
        summary: "This description",
        description: "OpenAPI 3.1, as it stands in `services/queue-manager/openapi.json`.",
        response: { ...errorResponses, 200: z.looseObject({}).describe("An OpenAPI document.") },
      },
    },
    () => Promise.resolve({ ...app.swagger() }),
  );
};
