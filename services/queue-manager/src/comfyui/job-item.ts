/** ComfyUI's `/api/jobs` entries. */
import type { Job, JobPayload, JobResult, JobState } from "@comfymulti/queue";
import { endMessage } from "./end-messages.ts";
import { executionStatus } from "./history-entry.ts";
import { queueItem } from "./queue-item.ts";

/** ComfyUI's word for each of our states. */
export const jobStatus: Readonly<Record<JobState, string>> = {
  pending: "pending",
  running: "in_progress",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};

/** An entry of the list. Keys in ComfyUI's order; absent where ComfyUI leaves them out. */
export function jobItem(job: Job, result: JobResult | undefined) {
  const previewOutput = firstFile(result);
  return {
    id: job.id,
    status: jobStatus[job.state],
    priority: job.number,
    create_time: job.createdAt,
    ...(hasEnded(job) && job.startedAt !== undefined && { execution_start_time: job.startedAt }),
    ...(hasEnded(job) && job.endedAt !== undefined && { execution_end_time: job.endedAt }),
    ...(job.state === "failed" && { execution_error: endMessage(job, result).data }),
    outputs_count: job.outputsCount,
    ...(previewOutput && { preview_output: previewOutput }),
    ...(job.workflowId !== undefined && { workflow_id: job.workflowId }),
  };
}

/** `/api/jobs/{id}`: the entry with its outputs, messages and graph. */
export function jobDetail(
  job: Job,
  payload: JobPayload | undefined,
  result: JobResult | undefined,
) {
  const [, , prompt, extraData] = queueItem(job, payload);
  return {
    ...jobItem(job, result),
    ...(hasEnded(job) && {
      outputs: result?.outputs ?? {},
      execution_status: executionStatus(job, result),
    }),
    workflow: { prompt, extra_data: extraData },
  };
}

const hasEnded = (job: Job) => job.state !== "pending" && job.state !== "running";

/** The first file of the outputs, saved ones before temporary ones, as ComfyUI picks it. */
function firstFile(result: JobResult | undefined) {
  const files = Object.entries(result?.outputs ?? {}).flatMap(([nodeId, output]) =>
    Object.entries(output).flatMap(([mediaType, items]) =>
      (Array.isArray(items) ? (items as unknown[]) : []).flatMap((item) =>
        isFile(item) ? [{ ...item, nodeId, mediaType }] : [],
      ),
    ),
  );
  return files.find((file) => file.type === "output") ?? files[0];
}

const isFile = (item: unknown): item is { filename: string; type: string } =>
  typeof item === "object" && item !== null && "filename" in item && "type" in item;
