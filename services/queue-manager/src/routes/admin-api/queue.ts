/** `/api/v1/queue`: the queue as a whole; pause intake, and resume it. */
import { queuePolicySchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";
import { countsSchema } from "./health.ts";

const queueSchema = z
  .object({
    policy: queuePolicySchema.describe(
      "Order of claims: fair in GPU seconds, first come first served, or by priority.",
    ),
    paused: z.boolean().describe("True while new jobs are refused."),
    jobs: countsSchema.describe("Jobs by state."),
    limits: z.object({
      maxQueueDepth: z.number().describe("Jobs that may wait in all."),
      userPendingLimit: z.number().describe("Jobs of one user that may wait."),
      maxQueueBytes: z.number().describe("Compressed graphs that may wait in all, bytes."),
    }),
  })
  .describe("The queue now.");

const pausedSchema = z.object({ paused: z.boolean() }).describe("What holds from now on.");

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
      const [paused, jobs] = await Promise.all([queue.paused(), queue.counts()]);
      return {
        policy: environment.QUEUE_POLICY,
        paused,
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
      paused: true,
      summary: "Take no new jobs",
      description:
        "New prompts are answered 503 with `Retry-After` and a sentence, by all replicas, until `/queue/resume`. Waiting and running jobs go on.",
    },
    {
      verb: "resume",
      paused: false,
      summary: "Take jobs again",
      description: "Ends what `/queue/pause` began; without effect when nothing is paused.",
    },
  ];
  for (const { verb, paused, summary, description } of intake) {
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
        await queue.setPaused(paused);
        return { paused };
      },
    );
  }
};
