/** `GET /api/v1/memory`: what Redis holds, and the most that it may come to. */
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Environment } from "../../environment.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

const bytes = z.number().int().nonnegative();

const memorySchema = z
  .object({
    used: bytes.describe("All that Redis uses."),
    limit: bytes.describe("Redis' own limit (`maxmemory`); 0 = none."),
    waiting: bytes.describe("Compressed graphs of jobs that wait or run."),
    history: bytes.describe("Compressed graphs and results of ended jobs."),
    bound: z.object({
      waiting: bytes.describe("The most that graphs of waiting jobs take (MAX_QUEUE_BYTES)."),
      history: bytes.describe(
        "The most that history takes: users × HISTORY_BYTES_PER_USER, and one job each.",
      ),
      total: bytes.describe("Both together; events of users come on top, about 1000 each."),
    }),
  })
  .describe("Bytes.");

/** The most that waiting and ended jobs may take together by the settings, bytes. */
function memoryBound(environment: Environment) {
  const waiting = environment.MAX_QUEUE_BYTES;
  const history = environment.USERS.length * environment.HISTORY_BYTES_PER_USER;
  return { waiting, history, total: waiting + history };
}

/** What Redis holds, beside the bound. */
export const memoryWithBound = async ({
  environment,
  queue,
}: Pick<Gateway, "environment" | "queue">) => ({
  ...(await queue.memory()),
  bound: memoryBound(environment),
});

export const memoryRoute: Route = (app, gateway) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/memory",
    {
      schema: {
        tags: ["operation"],
        summary: "Memory of Redis, and its bound",
        description: "What is used now, what jobs take of it, and the most that they may take.",
        response: { ...errorResponses, 200: memorySchema },
      },
    },
    () => memoryWithBound(gateway),
  );
};
