/** `/api/v1/queue`: the queue as a whole; pause intake, close it for good, and resume it. */
import { queuePolicySchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { lifeOf } from "../../stack-life.ts";
import { errorResponses } from "./errors.ts";
import { countsSchema } from "./health.ts";

const queueSchema = z
  .object({
    policy: queuePolicySchema.describe(
      "Order of claims: fair in GPU seconds, first come first served, or by priority.",
    ),
    paused: z.boolean().describe("True while new jobs are refused."),
    closed: z.boolean().describe("True when they are refused for good: the workshop has ended."),
    jobs: countsSchema.describe("Jobs by state."),
    limits: z.object({
      maxQueueDepth: z.number().describe("Jobs that may wait in all."),
      userPendingLimit: z.number().describe("Jobs of one user that may wait."),
      maxQueueBytes: z.number().describe("Compressed graphs that may wait in all, bytes."),
    }),
  })
  .describe("The queue now.");

const pausedSchema = z
  .object({ paused: z.boolean(), closed: z.boolean() })
  .describe("What holds from now on.");

export const queueRoutes: Route = (app, { environment, queue }) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    "/queue",
    {
      schema: {
        tags: ["queue"],
        summary: "The queue as a whole",
        description: "Its policy, whether it takes jobs, what it holds, and what it may hold.",
        response: { ...errorResponses, 200: queueSchema },
      },
    },
    async () => {
      const [paused, closed, jobs] = await Promise.all([
        queue.paused(),
        queue.intakeClosed(),
        queue.counts(),
      ]);
      return {
        policy: environment.QUEUE_POLICY,
        paused,
        closed,
        jobs,
        limits: {
          maxQueueDepth: environment.MAX_QUEUE_DEPTH,
          userPendingLimit: environment.USER_PENDING_LIMIT,
          maxQueueBytes: environment.MAX_QUEUE_BYTES,
        },
      };
    },
  );

  const intake = [
    {
      verb: "pause",
      change: () => queue.setPaused(true),
      summary: "Take no new jobs",
      description:
        "New prompts are answered 503 with `Retry-After` and a sentence, by all replicas, until `/queue/resume`. Waiting and running jobs go on.",
    },
    {
      verb: "close",
      change: () => queue.closeIntake(lifeOf(environment)),
      summary: "Take no more jobs, for good",
      description:
        "As `/queue/pause`, but participants are told that the workshop has ended, with the announcement as the reason and no `Retry-After`.",
    },
    {
      verb: "resume",
      change: () => queue.setPaused(false),
      summary: "Take jobs again",
      description:
        "Ends what `/queue/pause` or `/queue/close` began; without effect when nothing is paused.",
    },
  ];
  for (const { verb, change, summary, description } of intake) {
    routes.post(
      `/queue/${verb}`,
      {
        schema: {
          tags: ["queue"],
          summary,
          description,
          response: { ...errorResponses, 200: pausedSchema },
        },
      },
      async () => {
        await change();
        const [paused, closed] = await Promise.all([queue.paused(), queue.intakeClosed()]);
        return { paused, closed };
      },
    );
  }
};
