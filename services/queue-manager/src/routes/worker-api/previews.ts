/**
 * `POST /internal/v1/jobs/:job/previews`: ComfyUI's binary frame of a running attempt, as it came,
 * from a worker that can't reach the queue itself.
 */
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { readBody } from "../../read-body.ts";
import { heldJob } from "./held-job.ts";

/** Largest frame, bytes: a picture of a few hundred kilobytes, or an uncompressed one. */
const PREVIEW_BYTES = 8 * 1024 * 1024;
/** Event type and length or image type: no frame is shorter. */
const SHORTEST_FRAME = 8;

const querySchema = z.object({ attempt: z.coerce.number().int().positive() });

export const previewsRoute: Route = (app, { queue, patience }) => {
  app.post<{ Params: { job: string } }>("/jobs/:job/previews", async (request, reply) => {
    const { attempt } = parseBody(querySchema, request.query);
    const bounds = { limitBytes: PREVIEW_BYTES, limitMs: patience.bodyMs };
    const frame = await readBody(request, bounds);
    if (frame.length < SHORTEST_FRAME) throw errors.badRequest("The body is not a preview frame.");
    const { worker } = request;
    const job = await heldJob(queue, { worker, job: request.params.job, attempt });
    // A relay of bytes has no use for the graph, nor for a lease.
    const payload = { prompt: {}, extraData: {}, outputsToExecute: [] };
    await queue.publishPreview({ job, attempt, payload, leaseMs: 0 }, frame);
    return reply.code(204).send();
  });
};
