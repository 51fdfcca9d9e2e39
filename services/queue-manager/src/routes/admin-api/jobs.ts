/** `/api/v1/jobs`: everybody's jobs, without their graphs; the graph of one on demand. */
import {
  jobIdSchema,
  jobPayloadSchema,
  jobSchema,
  jobStateSchema,
  userIdSchema,
} from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";
import { errorResponses } from "./errors.ts";

const querySchema = z.object({
  user: userIdSchema.optional().describe("Jobs of this user only."),
  state: z
    .union([jobStateSchema.transform((state) => [state]), z.array(jobStateSchema)])
    .optional()
    .describe("Jobs in this state only; say it again for more states."),
  offset: z.coerce.number().int().nonnegative().default(0).describe("Jobs to leave out first."),
  limit: z.coerce
    .number()
    .int()
    .positive()
    .max(LIST_JOBS)
    .default(100)
    .describe("Jobs in one answer."),
  order: z.enum(["asc", "desc"]).default("desc").describe("By the time they came in."),
});

/** Names one job in a path. */
export const jobParamsSchema = z.object({
  id: jobIdSchema.describe("The job's id, which is ComfyUI's prompt_id."),
});

export const jobResponseSchema = jobSchema.meta({
  id: "Job",
  description: "The job as it is now.",
});

const workflowSchema = z
  .object({
    prompt: jobPayloadSchema.shape.prompt.describe("The graph in ComfyUI's API form."),
    extra_data: jobPayloadSchema.shape.extraData.describe(
      "What came with it, without secrets; the editor's own form is in `extra_pnginfo.workflow`.",
    ),
  })
  .describe("The job's workflow.");

export const jobsRoutes: Route = (app, { queue }) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    "/jobs",
    {
      schema: {
        tags: ["jobs"],
        summary: "Jobs of all users, newest first",
        description:
          "By page, in a stable order, without graphs. Ended jobs are listed as long as history is kept.",
        querystring: querySchema,
        response: {
          ...errorResponses,
          200: z
            .object({
              jobs: z.array(jobResponseSchema),
              total: z.number().describe("Jobs that fit the filter, on all pages."),
            })
            .describe("One page of jobs."),
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
        tags: ["jobs"],
        summary: "One job",
        description: "With its place in the queue while it waits.",
        params: jobParamsSchema,
        response: {
          ...errorResponses,
          200: jobSchema
            .extend({
              position: z
                .number()
                .optional()
                .describe("Jobs that will start before it; absent when it does not wait."),
            })
            .describe("The job."),
        },
      },
    },
    async (request) => {
      const job = await queue.job(request.params.id);
      if (!job) throw errors.notFound("Job");
      const position = await queue.position(job.id);
      return { ...job, ...(position !== undefined && { position }) };
    },
  );

  routes.get(
    "/jobs/:id/workflow",
    {
      schema: {
        tags: ["jobs"],
        summary: "The workflow of one job",
        description: "Listings leave it out, since it may be megabytes.",
        params: jobParamsSchema,
        response: { ...errorResponses, 200: workflowSchema },
      },
    },
    async (request) => {
      const payload = await queue.payload(request.params.id);
      if (!payload) throw errors.notFound("Job");
      return { prompt: payload.prompt, extra_data: payload.extraData };
    },
  );
};
