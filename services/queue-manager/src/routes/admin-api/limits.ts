/** `GET /api/v1/limits`: the bounds that this replica keeps. */
import { queuePolicySchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Gateway, Route } from "../../gateway.ts";
import * as bounds from "../../limits.ts";
import { errorResponses } from "./errors.ts";
import { EVENT_STREAMS } from "./events.ts";

const limit = (meaning: string) => z.number().describe(meaning);

const limitsSchema = z
  .object({
    queuePolicy: queuePolicySchema.describe("Order of claims."),
    maxQueueDepth: limit("Jobs that may wait in all."),
    maxQueueBytes: limit("Compressed graphs that may wait in all, bytes."),
    userPendingLimit: limit("Jobs of one user that may wait."),
    affinityWindowSeconds: limit(
      "How much later a job may be due and still go first because its models are loaded, GPU seconds.",
    ),
    affinityPasses: limit("How often one job may be passed over so."),
    maxWorkerLosses: limit("Lost workers after which a job fails."),
    maxAttempts: limit("Attempts that may end in a failure of a worker's ComfyUI."),
    historyPerUser: limit("Ended jobs kept of each user."),
    historyBytesPerUser: limit("Compressed graphs and results of a user's ended jobs, bytes."),
    historyDays: limit("Age at which an ended job is dropped, days."),
    userUploadBytes: limit("Files of a user in each of their folders, bytes."),
    uploadBytes: limit("Largest upload, bytes."),
    outputBytes: limit("Largest result file, bytes."),
    promptBodyBytes: limit("Largest prompt, bytes."),
    graphNodes: limit("Nodes of one graph."),
    promptsInFlightBytes: limit("Prompts that may arrive at once, bytes."),
    promptsInFlightBytesPerUser: limit("Prompts of one user that may arrive at once, bytes."),
    jsonBodyBytes: limit("Largest body of every other JSON request, bytes."),
    jsonDepth: limit("Deepest nesting of a JSON body."),
    proxyBodyBytes: limit("Largest file that a participant's editor saves, bytes."),
    picturePixels: limit("Largest picture that previews and masks are made of, pixels."),
    listJobs: limit("Jobs in one answer."),
    listPayloadBytes: limit("Graphs that a participant's listing carries, bytes."),
    socketsPerUser: limit("WebSockets of one user at a time."),
    socketBufferBytes: limit("Unsent bytes at which a browser's socket is closed."),
    socketMessageBytes: limit("Largest message from a browser's socket, bytes."),
    eventStreams: limit("Event streams of the host at one replica."),
    failedLoginsPerMinute: limit("Wrong tokens from one address in a minute."),
    headersMs: limit("Time for a request's headers, ms."),
    bodyMs: limit("Time for a JSON body, ms."),
    requestMs: limit("Time for a whole request, ms."),
    silenceMs: limit("Silence after which a connection that is no WebSocket ends, ms."),
  })
  .describe("All limits.");

const limitsOf = ({
  environment,
  patience,
}: Pick<Gateway, "environment" | "patience">): z.infer<typeof limitsSchema> => ({
  queuePolicy: environment.QUEUE_POLICY,
  maxQueueDepth: environment.MAX_QUEUE_DEPTH,
  maxQueueBytes: environment.MAX_QUEUE_BYTES,
  userPendingLimit: environment.USER_PENDING_LIMIT,
  affinityWindowSeconds: environment.AFFINITY_WINDOW_SECONDS,
  affinityPasses: environment.AFFINITY_PASSES,
  maxWorkerLosses: environment.MAX_WORKER_LOSSES,
  maxAttempts: environment.MAX_ATTEMPTS,
  historyPerUser: environment.HISTORY_PER_USER,
  historyBytesPerUser: environment.HISTORY_BYTES_PER_USER,
  historyDays: environment.HISTORY_DAYS,
  userUploadBytes: environment.USER_UPLOAD_BYTES,
  uploadBytes: bounds.UPLOAD_BYTES,
  outputBytes: bounds.OUTPUT_BYTES,
  promptBodyBytes: bounds.PROMPT_BODY_BYTES,
  graphNodes: bounds.GRAPH_NODES,
  promptsInFlightBytes: bounds.PROMPTS_IN_FLIGHT.all,
  promptsInFlightBytesPerUser: bounds.PROMPTS_IN_FLIGHT.user,
  jsonBodyBytes: bounds.JSON_BODY_BYTES,
  jsonDepth: bounds.JSON_DEPTH,
  proxyBodyBytes: bounds.PROXY_BODY_BYTES,
  picturePixels: bounds.PICTURE_PIXELS,
  listJobs: bounds.LIST_JOBS,
  listPayloadBytes: bounds.LIST_PAYLOAD_BYTES,
  socketsPerUser: bounds.SOCKETS_PER_USER,
  socketBufferBytes: bounds.SOCKET_BUFFER.close,
  socketMessageBytes: bounds.SOCKET_MESSAGE_BYTES,
  eventStreams: EVENT_STREAMS,
  failedLoginsPerMinute: bounds.FAILED_LOGINS_PER_MINUTE,
  ...patience,
});

export const limitsRoute: Route = (app, gateway) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/limits",
    {
      schema: {
        tags: ["operation"],
        summary: "The limits in force",
        description: "Settings of the stack, and bounds that the service has of its own.",
        response: { ...errorResponses, 200: limitsSchema },
      },
    },
    () => Promise.resolve(limitsOf(gateway)),
  );
};
