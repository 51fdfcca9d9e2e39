/** `GET /api/v1/health`: what `/health` says. */
import { jobStates } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

/** Jobs by state. */
export const countsSchema = z.record(z.enum(jobStates), z.number());

const healthySchema = z.object({
  status: z.literal("ok"),
  redis: z.literal("ok"),
  queue: countsSchema,
  workers: z.number(),
});
const unhealthySchema = z.object({
  status: z.literal("error"),
  redis: z.literal("unavailable"),
  reason: z.string(),
});

export const healthRoute: Route = (app, { health }) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/health",
    {
      schema: {
        tags: ["operation"],
        summary: "Whether jobs can be queued now",
        description:
          "From the last look at Redis, which is at most a second old; 503 with the reason when Redis is away.",
        response: { ...errorResponses, 200: healthySchema, 503: unhealthySchema },
      },
    },
    async (_request, reply) => {
      const state = await health.state();
      return state.status === "ok" ? reply.code(200).send(state) : reply.code(503).send(state);
    },
  );
};
