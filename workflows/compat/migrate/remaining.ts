/** What is still wrong, or worth a look, in a graph for one ComfyUI. */
import { isEditorInput } from "../convert/editor-inputs.ts";
import { isChoice, orderedInputs, visitWidgets } from "../convert/widgets.ts";
import { liveInputs } from "../dynamic-inputs.ts";
import type { ObjectInfo } from "../object-info.ts";
import { validatePrompt } from "../validate-prompt.ts";
import type { PromptVerdict } from "../verdict.ts";
import type { MigrationProblem } from "./migration.ts";
import { isNode } from "./node-shape.ts";
import { lookUp } from "./renames.ts";

const DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3";

/** `prompt` as it came from outside. */
export function judge(
  prompt: unknown,
  objectInfo: ObjectInfo,
): { verdict: PromptVerdict; problems: MigrationProblem[] } {
  const verdict = validatePrompt(prompt, objectInfo);
  const problems =
    typeof prompt === "object" && prompt !== null
      ? Object.entries(prompt).flatMap(([id, node]) => schemaProblems(id, node, objectInfo))
      : [];
  const stated = Object.entries(verdict.nodeErrors).flatMap(([nodeId, { errors, class_type }]) =>
    errors.map((error) => {
      const input = error.extra_info["input_name"];
      return {
        nodeId,
        nodeType: class_type,
        kind: error.type,
        ...(typeof input === "string" && { input }),
        detail: `${error.message}: ${error.details}`,
      };
    }),
  );
  const found = [...problems, ...stated];
  const named = problems.some(({ kind }) => kind === "unknown-node") || stated.length > 0;
  return { verdict, problems: named ? found : [...found, ...wholePromptProblem(verdict)] };
}

function wholePromptProblem(verdict: PromptVerdict): MigrationProblem[] {
  if (verdict.ok) return [];
  const { type, message, details } = verdict.error;
  return [{ kind: type, detail: details ? `${message}: ${details}` : message }];
}

function schemaProblems(nodeId: string, node: unknown, objectInfo: ObjectInfo): MigrationProblem[] {
  if (!isNode(node)) return [];
  const nodeType = node.class_type;
  const definition = lookUp(objectInfo, nodeType);
  if (!definition) {
    const detail = `ComfyUI has no node type "${nodeType}". Install the custom node that brings it, or replace the node.`;
    return [{ nodeId, nodeType, kind: "unknown-node", detail }];
  }
  const known = new Set([
    ...liveInputs(definition, node.inputs).map(({ name }) => name),
    ...Object.keys(definition.input.hidden ?? {}),
  ]);
  const problems: MigrationProblem[] = [];
  const choiceProblem = (kind: string, input: string, what: string): void => {
    const detail = `${what}, which ComfyUI does not check: it leaves out the choice and all its inputs. Choose again in the editor.`;
    problems.push({ nodeId, nodeType, kind, input, detail });
  };
  visitWidgets(orderedInputs(definition), ({ name, spec, required }) => {
    const choice = node.inputs[name];
    if (spec.type !== DYNAMIC_COMBO) return choice;
    if (!Object.hasOwn(node.inputs, name)) {
      if (required) choiceProblem("missing-choice", name, `"${nodeType}" lacks its "${name}"`);
    } else if (!isChoice(spec, choice)) {
      known.add(name);
      const what = `"${name}" of "${nodeType}" cannot be ${JSON.stringify(choice)}`;
      choiceProblem("unknown-choice", name, what);
    }
    return choice;
  });
  const unknown = Object.keys(node.inputs)
    .filter((name) => !known.has(name) && !isEditorInput(nodeType, name))
    .map((name) => ({
      nodeId,
      nodeType,
      kind: "unknown-input",
      input: name,
      detail: `"${nodeType}" has no input "${name}": ComfyUI drops its value without a word. Check what the graph loses by that, and take it out.`,
    }));
  return [...problems, ...unknown];
}
