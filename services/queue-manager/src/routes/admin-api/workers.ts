/** `/api/v1/workers`: who computes, on what, doing what; drain one, or free its memory. */
import { workerNameSchema, workerSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

const paramsSchema = z.object({ name: workerNameSchema });
const sentSchema = z.object({ sent: z.literal(true) });

async function requireKnown({ queue }: Gateway, name: string): Promise<void> {
  const workers = await queue.workers();
  if (!workers.some((worker) => worker.name === name)) throw errors.notFound("Worker");
}

export const workersRoutes: Route = (app, gateway) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get(
    "/workers",
    {
      schema: {
        summary: "Workers; `simulated` ones have no GPU behind them",
        response: { ...errorResponses, 200: z.object({ workers: z.array(workerSchema) }) },
      },
    },
    async () => ({ workers: [...(await gateway.queue.workers())] }),
  );

  routes.post(
    "/workers/:name/drain",
    {
      schema: {
        summary: "Let a worker finish its job and take no other",
        params: paramsSchema,
        response: { ...errorResponses, 200: sentSchema },
      },
    },
    async (request) => {
      await requireKnown(gateway, request.params.name);
      await gateway.queue.sendControl(request.params.name, { kind: "drain" });
      return { sent: true as const };
    },
  );

  routes.post(
    "/workers/:name/free",
    {
      schema: {
        summary: "Let a worker unload its models",
        params: paramsSchema,
        response: { ...errorResponses, 200: sentSchema },
      },
    },
    async (request) => {
      await requireKnown(gateway, request.params.name);
      await gateway.queue.sendControl(request.params.name, {
        kind: "free",
        unloadModels: true,
        freeMemory: true,
      });
      return { sent: true as const };
    },
  );
};
