/** `POST /api/v1/jobs/{id}/reprioritise` and `…/retry`: give a job another place, or one again. */
import { prioritySchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";
import { jobParamsSchema, jobResponseSchema } from "./jobs.ts";

const placeSchema = z
  .union(
    [z.strictObject({ to: z.literal("front") }), z.strictObject({ priority: prioritySchema })],
    {
      error: 'must be {"to": "front"}, or {"priority": n} with a whole n from -100 to 100',
    },
  )
  .describe(
    "The front is before everybody's jobs. A priority counts under the policy `priority` only: higher is earlier.",
  );

export const placeRoutes: Route = (app, { queue }) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    "/jobs/:id/reprioritise",
    {
      schema: {
        tags: ["jobs"],
        summary: "Move a waiting job",
        description:
          "To the front of the whole queue, at nobody's cost, or to another priority. 409 when it does not wait, or when the policy has no priorities.",
        params: jobParamsSchema,
        body: placeSchema,
        response: { ...errorResponses, 200: jobResponseSchema },
      },
    },
    ({ params, body }) => queue.reprioritise(params.id, "to" in body ? body.to : body.priority),
  );

  routes.post(
    "/jobs/:id/retry",
    {
      schema: {
        tags: ["jobs"],
        summary: "Run a failed or cancelled job again",
        description:
          "Under the same id, behind its user's other jobs, whatever the limits say. 409 when it waits, runs, or is completed.",
        params: jobParamsSchema,
        response: { ...errorResponses, 200: jobResponseSchema },
      },
    },
    ({ params }) => queue.retry(params.id),
  );
};
