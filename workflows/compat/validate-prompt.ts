/**
 * ComfyUI's judgement of a prompt (API format), from object_info alone: the same verdict and the
 * same JSON as `POST /prompt` of 0.9.2 and 0.11.1, in milliseconds and without a GPU.
 * What differs on purpose is listed in the package's README.
 */
import type { ObjectInfo } from "./object-info.ts";
import { NodeValidator } from "./validate-nodes.ts";
import type { CheckedPrompt } from "./validate-nodes.ts";
import type { NodeError, NodeErrors, PromptError, PromptVerdict } from "./verdict.ts";

export interface ValidateOptions {
  /** Only these output nodes are wanted (ComfyUI's `partial_execution_targets`). Default: all. */
  readonly partialExecutionTargets?: readonly string[];
  /**
   * Whether the user has uploaded this file (as named in the prompt, `subfolder/name.png [input]`
   * included). Default: uploads are not checked.
   */
  readonly inputFileExists?: (filename: string) => boolean;
}

/** Lists and objects inside each other; a real prompt has four levels. Guards every later step. */
const DEEPEST_NESTING = 64;

/**
 * `dependent_outputs` of one node, at most. ComfyUI has no bound, and its answer grows with the
 * square of the prompt when many outputs fail.
 */
const MOST_DEPENDENT_OUTPUTS = 20;

/** Judges the `prompt` of a `POST /prompt` body; `undefined` means that the body has none. */
export function validatePrompt(
  prompt: unknown,
  objectInfo: ObjectInfo,
  options: ValidateOptions = {},
): PromptVerdict {
  const checked = checkNodes(prompt, objectInfo);
  if (checked.error) return refused(checked.error);
  const { nodes } = checked;
  const wanted = options.partialExecutionTargets;
  const outputs = [...nodes]
    .filter(([, { classType }]) => objectInfo[classType]?.output_node === true)
    .map(([id]) => id)
    .filter((id) => !wanted || wanted.includes(id));
  if (outputs.length === 0) {
    return refused(promptError("prompt_no_outputs", "Prompt has no outputs"));
  }

  const validator = new NodeValidator(nodes, objectInfo, options.inputFileExists);
  const blame = new Blame(nodes);
  const good: string[] = [];
  const details: string[] = [];
  for (const output of outputs) {
    const verdict = validator.validateOutput(output);
    if (verdict.valid) {
      good.push(output);
      continue;
    }
    details.push(...verdict.errors.map((error) => `${error.message}: ${error.details}`));
    blame.add(output, validator.faulty);
  }
  const nodeErrors = blame.nodeErrors();
  if (good.length > 0) return { ok: true, outputs: good, nodeErrors };
  const error = promptError(
    "prompt_outputs_failed_validation",
    "Prompt outputs failed validation",
    details.join("\n"),
  );
  return { ok: false, error, nodeErrors };
}

type Checked =
  { readonly nodes: CheckedPrompt; readonly error?: undefined } | { readonly error: PromptError };

/** Every node must say what it is, and be known. Everything else is judged from the outputs up. */
function checkNodes(prompt: unknown, objectInfo: ObjectInfo): Checked {
  const shapeError = checkShape(prompt);
  if (shapeError) return { error: shapeError };
  const nodes = new Map<string, { classType: string; inputs: unknown }>();
  for (const [id, raw] of Object.entries(prompt as Record<string, unknown>)) {
    const node = isRecord(raw) ? raw : {};
    if (!Object.hasOwn(node, "class_type")) {
      const message = "Cannot execute because a node is missing the class_type property.";
      return { error: promptError("invalid_prompt", message, `Node ID '#${id}'`) };
    }
    const classType = node["class_type"];
    if (typeof classType !== "string" || !Object.hasOwn(objectInfo, classType)) {
      const name = typeof classType === "string" ? classType : JSON.stringify(classType);
      const message = `Cannot execute because node ${name} does not exist.`;
      return { error: promptError("invalid_prompt", message, `Node ID '#${id}'`) };
    }
    nodes.set(id, { classType, inputs: node["inputs"] });
  }
  return { nodes };
}

/** ComfyUI answers these with a bare 500, which its editor can't show; here they get a sentence. */
function checkShape(prompt: unknown): PromptError | undefined {
  if (prompt === undefined) {
    return promptError("no_prompt", "No prompt provided", "No prompt provided");
  }
  if (!isRecord(prompt)) {
    const message = "The prompt must be an object of nodes by id (API format).";
    return promptError("invalid_prompt", message);
  }
  if (Array.isArray(prompt["nodes"]) && Array.isArray(prompt["links"])) {
    const message =
      "This is a workflow in the editor's format. Export it with File, Export (API) and send that.";
    return promptError("invalid_prompt", message);
  }
  if (isDeeperThan(prompt, DEEPEST_NESTING)) {
    const message = `The prompt is nested deeper than ${DEEPEST_NESTING} levels.`;
    return promptError("invalid_prompt", message);
  }
  return undefined;
}

function isDeeperThan(root: object, limit: number): boolean {
  let level: object[] = [root];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: object[] = [];
    for (const parent of level) {
      for (const value of Object.values(parent) as unknown[]) {
        if (typeof value === "object" && value !== null) next.push(value);
      }
    }
    level = next;
  }
  return false;
}

interface BlamedNode extends NodeError {
  readonly dependent_outputs: string[];
}

/** As in ComfyUI, a failed output is listed with every fault found so far, related or not. */
class Blame {
  readonly #nodes: CheckedPrompt;
  readonly #blamed = new Map<string, BlamedNode>();
  /** Those whose list of outputs is not full. */
  #open: BlamedNode[] = [];

  constructor(nodes: CheckedPrompt) {
    this.#nodes = nodes;
  }

  add(output: string, faulty: NodeValidator["faulty"]): void {
    for (const { id, errors } of faulty.slice(this.#blamed.size)) {
      const classType = this.#nodes.get(id)?.classType ?? "";
      const node = { errors, dependent_outputs: [], class_type: classType };
      this.#blamed.set(id, node);
      this.#open.push(node);
    }
    for (const node of this.#open) node.dependent_outputs.push(output);
    this.#open = this.#open.filter(
      (node) => node.dependent_outputs.length < MOST_DEPENDENT_OUTPUTS,
    );
  }

  nodeErrors(): NodeErrors {
    return Object.fromEntries(this.#blamed);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const promptError = (type: PromptError["type"], message: string, details = ""): PromptError => ({
  type,
  message,
  details,
  extra_info: {},
});

const refused = (error: PromptError): PromptVerdict => ({ ok: false, error, nodeErrors: {} });
