/** What ComfyUI says of a node that failed: Python's names, a traceback, the inputs as text. */
import { NodeFailure } from "../nodes/node.ts";
import { isImageBatch } from "../nodes/values.ts";
import { SimulatedOutOfMemory } from "./gpu.ts";

/** The prompt was interrupted. */
export class Interrupted extends Error {}

/** ComfyUI's advice after an out-of-memory error (read from its source, not recorded). */
const OUT_OF_MEMORY_TIPS =
  "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before " +
  "you might have accidentally set the batch_size to a large number.";

interface Failing {
  readonly node: string;
  readonly nodeType: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The keys that `execution_error` has besides the place. */
export function errorReport(error: unknown, { node, nodeType, inputs }: Failing) {
  const message = error instanceof Error ? error.message : String(error);
  const outOfMemory = error instanceof SimulatedOutOfMemory;
  const named = error instanceof NodeFailure || outOfMemory;
  return {
    exception_message: `${message}\n${outOfMemory ? OUT_OF_MEMORY_TIPS : ""}`,
    exception_type: named ? error.pythonType : "Exception",
    // Server paths on purpose: whoever shows an error to a participant has to strip them.
    traceback: [
      `  File "/opt/simulated-comfyui/execution.py", line 1, in execute\n    ${nodeType}\n`,
      `  File "/opt/simulated-comfyui/nodes.py", line 1, in run\n    raise ${message}\n`,
    ],
    current_inputs: Object.fromEntries([
      ...Object.entries(inputs).map(([name, value]) => [name, [inputText(value)]] as const),
      ["unique_id", [node]],
    ]) as Record<string, unknown>,
  };
}

/** ComfyUI prints whole tensors; plain values stay as they are. */
function inputText(value: unknown): unknown {
  if (isImageBatch(value)) {
    return `tensor(simulated, shape=[${value.count}, ${value.height}, ${value.width}, 3])`;
  }
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return value;
}
