/** `/api/v1/jobs`: everybody's jobs, without their graphs; cancel any. */
import { jobIdSchema, jobSchema, jobStateSchema, userIdSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";
import { errorResponses } from "./errors.ts";

const querySchema = z.object({
  user: userIdSchema.optional(),
  /** Repeatable. */
  state: z
    .union([jobStateSchema.transform((state) => [state]), z.array(jobStateSchema)])
    .optional(),
  offset: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().positive().max(LIST_JOBS).default(100),
  order: z.enum(["asc", "desc"]).default("desc"),
});

const paramsSchema = z.object({ id: jobIdSchema });

export const jobsRoutes: Route = (app, { queue }) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    "/jobs",
    {
      schema: {
        summary: "Jobs of all users, newest first",
        querystring: querySchema,
        response: {
          ...errorResponses,
          200: z.object({ jobs: z.array(jobSchema), total: z.number() }),
        },
      },
    },
    async (request) => {
      const { user, state, ...page } = request.query;
      const found = await queue.list({
        ...page,
        ...(user && { user }),
        ...(state && { states: state }),
      });
      return { jobs: [...found.jobs], total: found.total };
    },
  );

  routes.get(
    "/jobs/:id",
    {
      schema: {
        summary: "One job, with its place in the queue while it waits",
        params: paramsSchema,
        response: { ...errorResponses, 200: jobSchema.extend({ position: z.number().optional() }) },
      },
    },
    async (request) => {
      const job = await queue.job(request.params.id);
      if (!job) throw errors.notFound("Job");
      const position = await queue.position(job.id);
      return { ...job, ...(position !== undefined && { position }) };
    },
  );

  routes.post(
    "/jobs/:id/cancel",
    {
      schema: {
        summary: "Cancel a waiting or running job",
        params: paramsSchema,
        response: { ...errorResponses, 200: jobSchema },
      },
    },
    (request) => queue.cancel(request.params.id, undefined),
  );
};
