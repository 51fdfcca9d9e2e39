/** Says in plain words why a job failed, from what ComfyUI reports. */
import type { Failure, JobResult } from "@comfymulti/queue";
import { executionErrorSchema } from "../comfyui/answers.ts";
import type { HistoryEntry, PromptRefusal } from "../comfyui/answers.ts";
import type { Ending } from "../results/record.ts";
import { withoutServerDetails } from "./server-details.ts";

/** More node errors than this don't fit a dialog. */
const MAX_NODE_ERRORS = 5;
const MAX_MESSAGE = 2000;

/** `torch.OutOfMemoryError`, `torch.cuda.OutOfMemoryError`, and ComfyUI's own wording of them. */
const OUT_OF_MEMORY = /OutOfMemory|out of memory|Allocation on device/i;

/** The ending that a history entry tells of. */
export function endingOf(entry: HistoryEntry, result: JobResult): Ending {
  const error = entry.status.messages.find(([type]) => type === "execution_error");
  if (error) return { kind: "failed", failure: executionFailure(error[1]), result };
  if (entry.status.status_str === "success") return { kind: "completed", result };
  const interrupted = entry.status.messages.some(([type]) => type === "execution_interrupted");
  return {
    kind: "failed",
    failure: {
      kind: "execution-error",
      message: interrupted
        ? "The job was interrupted on the worker. Run it again."
        : "ComfyUI reported an error without naming it. Run the job again.",
    },
    result,
  };
}

function executionFailure(data: unknown): Failure {
  const error = executionErrorSchema.safeParse(data);
  if (!error.success) {
    return { kind: "execution-error", message: "ComfyUI reported an error in an unknown form." };
  }
  const { node_id: nodeId, node_type: nodeType, exception_type: exceptionType } = error.data;
  const what = withoutServerDetails(error.data.exception_message);
  const where = { nodeId, nodeType, ...(exceptionType && { exceptionType }) };
  if (OUT_OF_MEMORY.test(exceptionType) || OUT_OF_MEMORY.test(what)) {
    const message = `The GPU ran out of memory at node ${nodeId} (${nodeType}), also when it was tried with nothing else in its memory. Use a smaller size, fewer frames or a smaller batch, and run it again.`;
    return { kind: "out-of-memory", message, ...where };
  }
  const message = `Node ${nodeId} (${nodeType}) failed: ${what || exceptionType || "no reason given"}`;
  return { kind: "execution-error", message: short(message), ...where };
}

/** ComfyUI's refusal of a graph: which node, which input, why. */
export function refusalFailure(refusal: PromptRefusal): Failure {
  const lines = Object.entries(refusal.node_errors).flatMap(([nodeId, node]) =>
    node.errors.map((error) => {
      const input = error.extra_info?.input_name;
      const details = withoutServerDetails(error.details);
      const place = `Node ${nodeId} (${node.class_type})${input ? `, input ${input}` : ""}`;
      return `${place}: ${error.message}${details && details !== input ? ` (${details})` : ""}.`;
    }),
  );
  const shown = lines.slice(0, MAX_NODE_ERRORS);
  if (lines.length > shown.length) shown.push(`And ${lines.length - shown.length} more.`);
  const details = withoutServerDetails(refusal.error.details);
  const head = `ComfyUI refused the graph: ${refusal.error.message}${details ? ` (${details})` : ""}.`;
  const [nodeId] = Object.keys(refusal.node_errors);
  const nodeType = nodeId === undefined ? undefined : refusal.node_errors[nodeId]?.class_type;
  return {
    kind: "graph-refused",
    message: short([head, ...shown].join(" ")),
    ...(nodeId !== undefined && { nodeId }),
    ...(nodeType !== undefined && { nodeType }),
  };
}

const short = (message: string): string =>
  message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
