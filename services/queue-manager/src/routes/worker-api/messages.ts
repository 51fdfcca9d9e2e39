/**
 * `POST /internal/v1/jobs/:job/messages`: what ComfyUI said of a running attempt, from a worker that
 * can't reach the queue itself. One message a request; the answer, 204, means that it was relayed.
 */
import { z } from "zod";
import { parseBody, parseJson } from "../../comfyui/parse-json.ts";
import type { Route } from "../../gateway.ts";
import { readBody } from "../../read-body.ts";

/** Largest message, bytes: a node may show long texts. */
const MESSAGE_BYTES = 8 * 1024 * 1024;

const querySchema = z.object({ attempt: z.coerce.number().int().positive() });

const messageSchema = z.object({
  type: z.string().min(1).max(128),
  data: z.record(z.string(), z.unknown()),
  /** True for progress: only its newest state counts, so it is not stored for replay. */
  passing: z.boolean().default(false),
});

export const messagesRoute: Route = (app, { queue, patience }) => {
  app.post<{ Params: { job: string } }>("/jobs/:job/messages", async (request, reply) => {
    const { attempt } = parseBody(querySchema, request.query);
    const bounds = { limitBytes: MESSAGE_BYTES, limitMs: patience.bodyMs };
    const body = parseJson((await readBody(request, bounds)).toString("utf8"));
    const { passing, ...message } = parseBody(messageSchema, body);
    const holder = { worker: request.worker, job: request.params.job, attempt };
    await queue.publishMessage(holder, message, passing);
    return reply.code(204).send();
  });
};
