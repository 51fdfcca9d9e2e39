/** ComfyUI's messages about the end of a job, made from what the queue knows. */
import type { Job, JobResult } from "@comfymulti/queue";

export interface ComfyMessage {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * `execution_success`, `execution_error` or `execution_interrupted`. What the worker recorded gives
 * node and executed list; words and time are the queue's. No server path and no tensor dump.
 */
export function endMessage(job: Job, result: JobResult | undefined): ComfyMessage {
  const timestamp = job.endedAt ?? Date.now();
  const recorded = (type: string) => result?.messages.find(([name]) => name === type)?.[1] ?? {};
  if (job.state === "completed") {
    return { type: "execution_success", data: { prompt_id: job.id, timestamp } };
  }
  if (job.state === "cancelled") {
    const { node_id = "", node_type = "", executed = [] } = recorded("execution_interrupted");
    return {
      type: "execution_interrupted",
      data: { prompt_id: job.id, node_id, node_type, executed, timestamp },
    };
  }
  const { executed = [] } = recorded("execution_error");
  return {
    type: "execution_error",
    data: {
      prompt_id: job.id,
      node_id: job.failure?.nodeId ?? "",
      node_type: job.failure?.nodeType ?? "",
      executed,
      exception_message: job.failure?.message ?? "The job failed.",
      exception_type: job.failure?.exceptionType ?? job.failure?.kind ?? "Error",
      traceback: [],
      current_inputs: {},
      current_outputs: [],
      timestamp,
    },
  };
}

const END_TYPES = new Set(["execution_success", "execution_error", "execution_interrupted"]);

/** All messages of a job's history entry, its end exactly once. */
export function historyMessages(
  job: Job,
  result: JobResult | undefined,
): [string, Readonly<Record<string, unknown>>][] {
  const { type, data } = endMessage(job, result);
  const before = (result?.messages ?? []).filter(([name]) => !END_TYPES.has(name));
  return [...before, [type, data]];
}
