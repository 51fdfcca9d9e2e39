/** `GET /api/v1/limits`: the bounds that this replica keeps. */
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { OUTPUT_BYTES, PROMPT_BODY_BYTES, SOCKETS_PER_USER, UPLOAD_BYTES } from "../../limits.ts";
import { errorResponses } from "./errors.ts";

const limitsSchema = z.object({
  maxQueueDepth: z.number(),
  userPendingLimit: z.number(),
  queuePolicy: z.string(),
  maxWorkerLosses: z.number(),
  promptBodyBytes: z.number(),
  uploadBytes: z.number(),
  outputBytes: z.number(),
  socketsPerUser: z.number(),
});

export const limitsRoute: Route = (app, { environment }) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/limits",
    {
      schema: {
        summary: "The limits in force",
        response: { ...errorResponses, 200: limitsSchema },
      },
    },
    () =>
      Promise.resolve({
        maxQueueDepth: environment.MAX_QUEUE_DEPTH,
        userPendingLimit: environment.USER_PENDING_LIMIT,
        queuePolicy: environment.QUEUE_POLICY,
        maxWorkerLosses: environment.MAX_WORKER_LOSSES,
        promptBodyBytes: PROMPT_BODY_BYTES,
        uploadBytes: UPLOAD_BYTES,
        outputBytes: OUTPUT_BYTES,
        socketsPerUser: SOCKETS_PER_USER,
      }),
  );
};
