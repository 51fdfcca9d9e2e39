/** `GET /api/v1/events`: what happens in the queue, as it happens (Server-Sent Events). */
import { userIdSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";
import { EventStream } from "./event-stream.ts";
import { requireUserId } from "./users.ts";

/** Streams at one replica: each is told every event of its users. */
export const EVENT_STREAMS = 16;
/** Pause between two comments that keep proxies from ending a quiet stream, ms. */
export const EVENT_KEEP_ALIVE_MS = 15_000;

const querySchema = z.object({
  user: userIdSchema.optional().describe("Events of this user only."),
  messages: z
    .enum(["true", "false"])
    .default("false")
    .describe("Also what running nodes say, as events named `message`; told live, never again."),
});

const headersSchema = z.looseObject({
  "last-event-id": z
    .string()
    .regex(/^\d{1,15}-\d{1,20}$/, "must be the id of an event of this stream, like 1767225600000-0")
    .optional()
    .describe("Id of the last event that arrived: those after it are told first."),
});

const DESCRIPTION =
  "Server-Sent Events. The name of an event is what happened: `enqueued`, `claimed`, `requeued`, `retried`, " +
  "`completed`, `failed`, `cancelled` or `deleted`; its data is JSON with `user`, `job`, `state`, `from`, " +
  "`attempt`, `remaining` (the user's jobs that wait or run) and `at`. No graphs, no secrets.\n\n" +
  "Changes of state arrive at least once: after a break send `Last-Event-ID`, as EventSource does by " +
  "itself, and take an event that comes again (same user, same id) for the same. About the last 1000 " +
  "events of a user can be told again.\n\n" +
  `A comment comes every ${EVENT_KEEP_ALIVE_MS / 1000} s. A listener that does not read is cut off. At most ` +
  `${EVENT_STREAMS} streams are open at one replica; one more is answered 429.`;

export const eventsRoute: Route = (app, gateway) => {
  let open = 0;
  app.withTypeProvider<ZodTypeProvider>().get(
    "/events",
    {
      // Asked for by path: a client's `Accept` need not say more.
      sse: "manual",
      exposeHeadRoute: false,
      schema: {
        tags: ["operation"],
        summary: "What happens in the queue, as it happens",
        description: DESCRIPTION,
        querystring: querySchema,
        headers: headersSchema,
        response: {
          ...errorResponses,
          200: {
            description: "Events, until either side ends the connection.",
            content: { "text/event-stream": { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { user, messages } = request.query;
      if (user !== undefined) requireUserId(gateway, user);
      if (open >= EVENT_STREAMS) throw errors.tooManyEventStreams(EVENT_STREAMS);
      open++;
      reply.sse.onClose(() => {
        open--;
      });
      const stream = new EventStream(gateway.queue, reply, {
        users: user === undefined ? gateway.environment.USERS.map(({ id }) => id) : [user],
        messages: messages === "true",
        lastEventId: request.headers["last-event-id"],
      });
      await stream.start();
    },
  );
};
