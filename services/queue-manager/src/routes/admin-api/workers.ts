/** `/api/v1/workers`: who computes, on what, doing what; drain one, or free its memory. */
import { workerNameSchema, workerSchema, type ControlMessage } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

const paramsSchema = z.object({ name: workerNameSchema });
const sentSchema = z.object({ sent: z.literal(true) }).describe("The worker was told.");

/**
 * Tells a worker something.
 *
 * @throws GatewayError 404 for a worker that is not listed.
 */
export async function tellWorker(
  { queue }: Pick<Gateway, "queue">,
  name: string,
  message: ControlMessage,
): Promise<void> {
  const workers = await queue.workers();
  if (!workers.some((worker) => worker.name === name)) throw errors.notFound("Worker");
  await queue.sendControl(name, message);
}

export const workersRoutes: Route = (app, gateway) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get(
    "/workers",
    {
      schema: {
        tags: ["workers"],
        summary: "Workers",
        description:
          "What each has for a GPU, does now, and has loaded. `simulated` ones have no GPU behind them; `lost` ones have fallen silent.",
        response: {
          ...errorResponses,
          200: z.object({ workers: z.array(workerSchema) }).describe("All workers."),
        },
      },
    },
    async () => ({ workers: [...(await gateway.queue.workers())] }),
  );

  const orders = [
    {
      verb: "drain",
      message: { kind: "drain" },
      summary: "Take a worker out",
      description:
        "It finishes the job that it runs, takes no other, and stays out until it is started anew.",
    },
    {
      verb: "free",
      message: { kind: "free", unloadModels: true, freeMemory: true },
      summary: "Empty a worker's GPU",
      description: "It unloads its models and frees its memory, as soon as its ComfyUI can.",
    },
  ] as const;
  for (const { verb, message, summary, description } of orders) {
    routes.post(
      `/workers/:name/${verb}`,
      {
        schema: {
          tags: ["workers"],
          summary,
          description,
          params: paramsSchema,
          response: { ...errorResponses, 200: sentSchema },
        },
      },
      async (request) => {
        await tellWorker(gateway, request.params.name, message);
        return { sent: true as const };
      },
    );
  }
};
