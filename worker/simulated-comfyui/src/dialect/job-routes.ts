/** `/api/jobs`: one list of what waits, runs and ran. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { SimulatedParts } from "../app.ts";
import type { HistoryEntry, PromptQueue, QueueTuple } from "../execution/prompt-queue.ts";
import { queueTuple } from "../execution/prompt-queue.ts";
import { isRecord } from "./server-errors.ts";

const statuses = ["pending", "in_progress", "completed", "failed", "cancelled"] as const;
type JobStatus = (typeof statuses)[number];

const endings: Readonly<Record<string, JobStatus>> = {
  execution_success: "completed",
  execution_error: "failed",
  execution_interrupted: "cancelled",
};

const listQuery = z.object({
  status: z.string().optional(),
  workflow_id: z.string().optional(),
  sort_by: z.enum(["created_at", "execution_duration"]).default("created_at"),
  sort_order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.coerce.number().int().positive().optional(),
  offset: z.coerce.number().int().nonnegative().default(0),
});

interface JobSummary {
  readonly id: string;
  readonly status: JobStatus;
  readonly priority: number;
  readonly create_time: number;
  readonly execution_start_time?: number;
  readonly execution_end_time?: number;
  readonly execution_error?: unknown;
  readonly outputs_count: number;
  readonly preview_output?: unknown;
  readonly workflow_id?: string;
}

export function jobRoutes(app: FastifyInstance, { queue }: SimulatedParts): void {
  app.get("/api/jobs", (request, reply) => {
    const parsed = listQuery.safeParse(request.query);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const place = issue?.path.join(".") ?? "query";
      return reply.code(400).send({ error: `${place}: ${issue?.message ?? "is not valid"}` });
    }
    const query = parsed.data;
    const wanted = query.status?.split(",").map((status) => status.trim().toLowerCase());
    const wrong = wanted?.filter((status) => !statuses.some((known) => known === status));
    if (wrong?.length) {
      return reply.code(400).send({
        error: `Invalid status value(s): ${wrong.join(", ")}. Valid values: ${statuses.join(", ")}`,
      });
    }
    const jobs = summaries(queue)
      .filter((job) => wanted === undefined || wanted.includes(job.status))
      .filter((job) => query.workflow_id === undefined || job.workflow_id === query.workflow_id)
      .sort((a, b) => sortKey(a, query.sort_by) - sortKey(b, query.sort_by));
    if (query.sort_order === "desc") jobs.reverse();
    const { offset, limit = null } = query;
    const page = jobs.slice(offset, limit === null ? undefined : offset + limit);
    const has_more = offset + page.length < jobs.length;
    return { jobs: page, pagination: { offset, limit, total: jobs.length, has_more } };
  });

  app.get<{ Params: { id: string } }>("/api/jobs/:id", ({ params: { id } }, reply) => {
    const entry = queue.history.get(id);
    if (entry) {
      const [, , prompt, extra_data] = entry.prompt;
      return {
        ...historySummary(entry),
        outputs: entry.outputs,
        execution_status: entry.status,
        workflow: { prompt, extra_data },
      };
    }
    const waiting = summaries(queue).find((job) => job.id === id);
    return waiting ?? reply.code(404).send({ error: "Job not found" });
  });
}

const sortKey = (job: JobSummary, by: "created_at" | "execution_duration"): number =>
  by === "created_at"
    ? job.create_time
    : (job.execution_end_time ?? 0) - (job.execution_start_time ?? job.execution_end_time ?? 0);

/** Oldest first, so that reversing puts the newest of one millisecond first. */
function summaries(queue: PromptQueue): JobSummary[] {
  return [
    ...[...queue.history.values()].map(historySummary),
    ...(queue.running ? [waitingSummary(queueTuple(queue.running), "in_progress")] : []),
    ...queue.pending.map((prompt) => waitingSummary(queueTuple(prompt), "pending")),
  ];
}

function waitingSummary(prompt: QueueTuple, status: JobStatus): JobSummary {
  const [priority, id, , extraData] = prompt;
  const workflow = workflowId(extraData);
  return {
    id,
    status,
    priority,
    create_time: Number(extraData["create_time"]),
    outputs_count: 0,
    ...(workflow === undefined ? {} : { workflow_id: workflow }),
  };
}

function historySummary({ prompt, outputs, status }: HistoryEntry): JobSummary {
  const started = status.messages.find(([type]) => type === "execution_start")?.[1];
  const [ending = "", ended] = status.messages.find(([type]) => type in endings) ?? [];
  const files = outputFiles(outputs);
  const preview = files.find((file) => file["type"] === "output") ?? files[0];
  const workflow = workflowId(prompt[3]);
  return {
    id: prompt[1],
    status: endings[ending] ?? "failed",
    priority: prompt[0],
    create_time: Number(prompt[3]["create_time"]),
    ...(started ? { execution_start_time: Number(started["timestamp"]) } : {}),
    ...(ended ? { execution_end_time: Number(ended["timestamp"]) } : {}),
    ...(ending === "execution_error" ? { execution_error: ended } : {}),
    outputs_count: files.length,
    ...(preview ? { preview_output: preview } : {}),
    ...(workflow === undefined ? {} : { workflow_id: workflow }),
  };
}

function outputFiles(outputs: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  return Object.entries(outputs).flatMap(([nodeId, ui]) =>
    Object.entries(isRecord(ui) ? ui : {}).flatMap(([mediaType, items]) =>
      (Array.isArray(items) ? items : [])
        .filter(isRecord)
        .map((item) => ({ ...item, nodeId, mediaType })),
    ),
  );
}

function workflowId(extraData: Readonly<Record<string, unknown>>): string | undefined {
  const info = extraData["extra_pnginfo"];
  const workflow = isRecord(info) ? info["workflow"] : undefined;
  const id = isRecord(workflow) ? workflow["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}
