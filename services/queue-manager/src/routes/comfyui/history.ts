/** `history`: the user's ended jobs, oldest first, as ComfyUI lists them. */
import type { Job } from "@comfymulti/queue";
import { z } from "zod";
import { historyEntry, isHistory } from "../../comfyui/history-entry.ts";
import { parseBody } from "../../comfyui/parse-json.ts";
import { payloadsWithinBudget } from "../../comfyui/queue-item.ts";
import type { Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";
import { removalSchema } from "./queue.ts";

const querySchema = z.object({
  max_items: z.coerce.number().int().min(0).max(LIST_JOBS).optional(),
  /** Counts from the oldest; without it (or negative) the newest `max_items` are meant. */
  offset: z.coerce.number().int().optional(),
});

/** Between two history numbers that had to be moved. */
const STEP = 0.001;

/**
 * As ComfyUI lists them, with queue numbers that grow from end to end: its editor shows a job newly
 * in the history only when its number is above all that it knows. One ComfyUI ends jobs in that
 * order; several workers do not, and neither does a job that was put to the front.
 */
function inOrderOfEnd(jobs: readonly Job[]): Job[] {
  let latest = -Infinity;
  return jobs
    .toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))
    .map((job) => {
      latest = job.number > latest ? job.number : latest + STEP;
      return { ...job, number: latest };
    });
}

export const historyRoutes: Route = (app, { queue }) => {
  app.get("/history", async (request) => {
    const { max_items: maxItems = LIST_JOBS, offset = -1 } = parseBody(querySchema, request.query);
    const { jobs } = await queue.list({
      user: request.user.id,
      states: ["completed", "failed", "cancelled"],
      order: "desc",
      limit: LIST_JOBS,
    });
    const oldestFirst = inOrderOfEnd(jobs.filter(isHistory));
    const start = offset < 0 ? Math.max(0, oldestFirst.length - maxItems) : offset;
    const shown = oldestFirst.slice(start, start + maxItems);
    const payloads = await payloadsWithinBudget(queue, shown.toReversed());
    const results = await Promise.all(shown.map((job) => queue.result(job.id)));
    return Object.fromEntries(
      shown.map((job, index) => [job.id, historyEntry(job, payloads.get(job.id), results[index])]),
    );
  });

  app.get<{ Params: { id: string } }>("/history/:id", async (request) => {
    const job = await queue.job(request.params.id);
    if (job?.user !== request.user.id || !isHistory(job)) return {};
    const [payload, result] = await Promise.all([queue.payload(job.id), queue.result(job.id)]);
    return { [job.id]: historyEntry(job, payload, result) };
  });

  app.post("/history", async (request, reply) => {
    const body = parseBody(removalSchema, request.body);
    if (body.clear) await queue.deleteHistory(request.user.id, "all");
    if (body.delete?.length) await queue.deleteHistory(request.user.id, body.delete);
    return reply.send();
  });
};
