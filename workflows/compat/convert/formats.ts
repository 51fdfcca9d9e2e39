/** Tells the two formats of a graph apart: the editor's (saved workflow), and that of `POST /prompt`. */
import type { ObjectInfo } from "../object-info.ts";
import { workflowToPrompt } from "./workflow-to-prompt.ts";
import type { Conversion } from "./workflow-to-prompt.ts";
import type { Prompt } from "../../templates/index.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether the JSON is a graph in the editor's format. A look at its outside, no validation. */
export const isWorkflow = (json: unknown): json is Record<string, unknown> =>
  isRecord(json) && Array.isArray(json["nodes"]);

/** Whether the JSON is a graph in API format: every entry a node with a type. The same kind of look. */
export function isPrompt(json: unknown): json is Prompt {
  if (!isRecord(json)) return false;
  const nodes = Object.values(json);
  return (
    nodes.length > 0 &&
    nodes.every(
      (node) =>
        isRecord(node) && typeof node["class_type"] === "string" && isRecord(node["inputs"]),
    )
  );
}

/** A graph in API format, whichever of the two formats it came in. */
export interface ReadGraph extends Conversion {
  readonly format: "workflow" | "prompt" | "unknown";
}

/**
 * Reads a graph of either format. What is neither comes back as an empty prompt with one problem
 * of the kind `invalid-workflow`.
 */
export function readGraph(json: unknown, objectInfo: ObjectInfo): ReadGraph {
  if (isWorkflow(json)) return { format: "workflow", ...workflowToPrompt(json, objectInfo) };
  if (isPrompt(json)) {
    const outputs = Object.entries(json)
      .filter(([, { class_type: type }]) => isOutput(objectInfo, type))
      .map(([id]) => id);
    return { format: "prompt", prompt: json, outputs, problems: [] };
  }
  const message =
    "This is no ComfyUI graph: it has neither the editor's list of nodes nor nodes with a class_type. Save the graph from ComfyUI's editor, or export it in API format.";
  const problems = [{ kind: "invalid-workflow" as const, message }];
  return { format: "unknown", prompt: {}, outputs: [], problems };
}

const isOutput = (objectInfo: ObjectInfo, type: string): boolean =>
  Object.hasOwn(objectInfo, type) && objectInfo[type]?.output_node === true;
