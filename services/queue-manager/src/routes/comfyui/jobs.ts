/** ComfyUI's newer list, `/api/jobs`: the same jobs, pending to ended, filtered and paged. */
import type { Job, JobState } from "@comfymulti/queue";
import { z } from "zod";
import { jobDetail, jobItem, jobStatus } from "../../comfyui/job-item.ts";
import type { Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";

const querySchema = z.object({
  /** Comma-separated. */
  status: z.string().optional(),
  workflow_id: z.string().optional(),
  sort_by: z.enum(["created_at", "execution_duration"]).default("created_at"),
  sort_order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.coerce.number().int().positive().max(LIST_JOBS).optional(),
  offset: z.coerce.number().int().nonnegative().default(0),
});

const states = Object.keys(jobStatus) as JobState[];

export const jobsRoutes: Route = (app, { queue }) => {
  app.get("/jobs", async (request, reply) => {
    const query = querySchema.safeParse(request.query);
    const wanted = query.data?.status?.split(",") ?? states.map((state) => jobStatus[state]);
    const wantedStates = states.filter((state) => wanted.includes(jobStatus[state]));
    // This one route of ComfyUI has an error form of its own.
    if (!query.success || wantedStates.length < wanted.length) {
      return reply.code(400).send({ error: "Invalid status, sorting, limit or offset" });
    }
    const { workflow_id: workflowId, sort_by: sortBy, sort_order: order, ...page } = query.data;
    const { jobs } = await queue.list({
      user: request.user.id,
      states: wantedStates,
      order,
      limit: LIST_JOBS,
    });
    const matching = jobs.filter(
      (job) => workflowId === undefined || job.workflowId === workflowId,
    );
    const sorted = sortBy === "created_at" ? matching : byDuration(matching, order);
    const shown = sorted.slice(page.offset, page.offset + (page.limit ?? LIST_JOBS));
    // What a job made, and where it failed; of the others the list shows nothing more.
    const results = await Promise.all(
      shown.map((job) =>
        job.outputsCount > 0 || job.state === "failed"
          ? queue.result(job.id)
          : Promise.resolve(undefined),
      ),
    );
    return {
      jobs: shown.map((job, index) => jobItem(job, results[index])),
      pagination: {
        offset: page.offset,
        limit: page.limit ?? null,
        total: sorted.length,
        has_more: page.offset + shown.length < sorted.length,
      },
    };
  });

  app.get<{ Params: { id: string } }>("/jobs/:id", async (request, reply) => {
    const job = await queue.job(request.params.id);
    if (job?.user !== request.user.id) return reply.code(404).send({ error: "Job not found" });
    const [payload, result] = await Promise.all([queue.payload(job.id), queue.result(job.id)]);
    return jobDetail(job, payload, result);
  });
};

function byDuration(jobs: readonly Job[], order: "asc" | "desc"): Job[] {
  const duration = (job: Job) => (job.endedAt ?? 0) - (job.startedAt ?? job.endedAt ?? 0);
  const sign = order === "asc" ? 1 : -1;
  return jobs.toSorted((a, b) => sign * (duration(a) - duration(b)));
}
