/** `GET queue`: the user's own running and waiting jobs. `POST queue`: take waiting ones out. */
import { JobNotFoundError, WrongStateError, type QueueContract } from "@comfymulti/queue";
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { payloadsWithinBudget, queueItem } from "../../comfyui/queue-item.ts";
import type { Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";

/** The body of `POST queue` and `POST history`. */
export const removalSchema = z.object({
  clear: z.boolean().nullish(),
  delete: z.array(z.string()).max(LIST_JOBS).nullish(),
});

export const queueRoutes: Route = (app, { queue }) => {
  app.get("/queue", async (request) => {
    const { jobs } = await queue.list({
      user: request.user.id,
      states: ["running", "pending"],
      limit: LIST_JOBS,
    });
    const running = jobs.filter(({ state }) => state === "running");
    const pending = jobs
      .filter(({ state }) => state === "pending")
      .sort((a, b) => a.number - b.number);
    const payloads = await payloadsWithinBudget(queue, [...running, ...pending]);
    return {
      queue_running: running.map((job) => queueItem(job, payloads.get(job.id))),
      queue_pending: pending.map((job) => queueItem(job, payloads.get(job.id))),
    };
  });

  app.post("/queue", async (request, reply) => {
    const user = request.user.id;
    const body = parseBody(removalSchema, request.body);
    if (body.clear) {
      const { jobs } = await queue.list({ user, states: ["pending"], limit: LIST_JOBS });
      for (const { id } of jobs) await cancelIfPending(queue, id, user);
    }
    for (const id of body.delete ?? []) await cancelIfPending(queue, id, user);
    return reply.send();
  });
};

/** Unknown ids, other users' and running jobs are left alone without a word, as ComfyUI does. */
async function cancelIfPending(queue: QueueContract, id: string, user: string): Promise<void> {
  const job = await queue.job(id);
  if (job?.user !== user || job.state !== "pending") return;
  await cancelOwn(queue, id, user);
}

/** Cancels, and lets it be when the job has ended or gone meanwhile. */
export async function cancelOwn(queue: QueueContract, id: string, user: string): Promise<void> {
  try {
    await queue.cancel(id, user);
  } catch (error) {
    if (!(error instanceof JobNotFoundError) && !(error instanceof WrongStateError)) throw error;
  }
}
