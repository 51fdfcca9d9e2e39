/** `POST /api/v1/jobs/{id}/cancel`, and `POST /api/v1/jobs/cancel` for many. */
import { userIdSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { cancelAll, cancelledSchema, unendedStates, type CancelFilter } from "./cancel-all.ts";
import { errorResponses } from "./errors.ts";
import { jobParamsSchema, jobResponseSchema } from "./jobs.ts";
import { requireUserId } from "./users.ts";

const filterSchema = z
  .strictObject({
    user: userIdSchema.optional().describe("Jobs of this user only."),
    states: z
      .array(z.enum(unendedStates))
      .min(1)
      .default([...unendedStates])
      .describe("Jobs in these states only."),
  })
  .nullish()
  .describe("Which jobs; without a body, all that wait or run.");

export const cancelRoutes: Route = (app, gateway) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    "/jobs/:id/cancel",
    {
      schema: {
        tags: ["jobs"],
        summary: "Cancel a waiting or running job",
        description:
          "It is cancelled at once; the worker of a running one is told to interrupt. 409 when it has ended.",
        params: jobParamsSchema,
        response: { ...errorResponses, 200: jobResponseSchema },
      },
    },
    (request) => gateway.queue.cancel(request.params.id, undefined),
  );

  routes.post(
    "/jobs/cancel",
    {
      schema: {
        tags: ["jobs"],
        summary: "Cancel many jobs",
        description:
          "All that wait or run when the call begins, or those that fit the filter. Jobs that come in meanwhile are left: pause the queue first to end with an empty one.",
        body: filterSchema,
        response: { ...errorResponses, 200: cancelledSchema },
      },
    },
    async ({ body }) => {
      const filter: CancelFilter = body ?? { states: unendedStates };
      if (filter.user !== undefined) requireUserId(gateway, filter.user);
      return { cancelled: await cancelAll(gateway.queue, filter) };
    },
  );
};
