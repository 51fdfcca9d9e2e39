/**
 * The editor's graph (saved workflow) as what the editor would send to `POST /prompt`, from
 * object_info alone. What differs from the editor:
 *
 * - Of `{a|b}` in a text the first is taken; the editor chooses at random.
 * - Marks such as `%date:yyyy%` and `%Node.widget%` in file names stay as they are.
 * - Titles of nodes without one of their own are not translated.
 * - Values that the browser makes (camera, microphone, 3D view) and group nodes are problems.
 */
import type { ObjectInfo } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { Budget, LayoutError } from "./budget.ts";
import { firstChoice } from "./dynamic-prompt.ts";
import { editorInputs } from "./editor-inputs.ts";
import { graphFault, graphSchema } from "./graph-schema.ts";
import { isGroupNode, isVirtual, PRIMITIVE } from "./node-types.ts";
import type { ConversionProblem, ConversionProblemKind } from "./problems.ts";
import { resolveInput } from "./resolve-links.ts";
import { layOut } from "./scope.ts";
import type { PlacedNode, Scope } from "./scope.ts";
import { orderedInputs, widgetOf } from "./widgets.ts";

const MUTED = 2;
const BYPASSED = 4;

export interface Conversion {
  readonly prompt: Prompt;
  /** Ids of the nodes whose results ComfyUI keeps. Without one it refuses the prompt. */
  readonly outputs: readonly string[];
  /** What could not be carried over. Empty when the prompt is what the editor would send. */
  readonly problems: readonly ConversionProblem[];
}

/**
 * Converts a graph in the editor's format, 0.4 or 1. Muted nodes go, bypassed ones pass their input
 * on, reroutes, primitives and notes dissolve, subgraphs are laid out (`"75:61"`). Never throws: what
 * is no graph gives an empty prompt and the problem `invalid-workflow`.
 */
export function workflowToPrompt(workflow: unknown, objectInfo: ObjectInfo): Conversion {
  const parsed = graphSchema.safeParse(workflow);
  if (!parsed.success) return unreadable(graphFault(parsed.error));
  const budget = new Budget();
  try {
    return new Converter(budget).convert(layOut(parsed.data, objectInfo, budget));
  } catch (error) {
    if (error instanceof LayoutError) return unreadable(error.message);
    throw error;
  }
}

const unreadable = (message: string): Conversion => ({
  prompt: {},
  outputs: [],
  problems: [{ kind: "invalid-workflow", message }],
});

class Converter {
  readonly #problems: ConversionProblem[] = [];
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  convert(root: Scope): Conversion {
    const nodes = [...allNodes(root)];
    for (const node of nodes) if (node.type === PRIMITIVE) applyPrimitive(node);
    const sent = nodes.filter((node) => this.#isSent(node));
    const ids = new Set(sent.map(({ id }) => id));
    const prompt: Prompt = Object.fromEntries(
      sent.map((node) => [
        node.id,
        {
          inputs: this.#inputsOf(node, ids),
          class_type: node.type,
          _meta: { title: titleOf(node) },
        },
      ]),
    );
    const outputs = sent.filter(({ definition }) => definition?.output_node === true);
    return { prompt, outputs: outputs.map(({ id }) => id), problems: this.#problems };
  }

  #isSent(node: PlacedNode): boolean {
    const { type, node: saved } = node;
    if (node.inside || isVirtual(type) || saved.mode === MUTED || saved.mode === BYPASSED)
      return false;
    if (isGroupNode(type)) {
      const advice =
        "Open the workflow in the editor, convert the group node to nodes, and save it";
      this.#report(
        "group-node",
        node,
        `"${type}" is a group node, a format that the editor has given up. ${advice}.`,
      );
      return false;
    }
    if (!node.definition) {
      const advice = "Install the custom node that brings it, or replace the node";
      this.#report("unknown-node", node, `ComfyUI has no node type "${type}". ${advice}.`);
    }
    return true;
  }

  #inputsOf(node: PlacedNode, sent: ReadonlySet<string>): Record<string, unknown> {
    const inputs = new Map<string, unknown>();
    const dynamic = dynamicTexts(node);
    if (node.definition) {
      for (const added of Object.entries(editorInputs(node.type, node.node))) inputs.set(...added);
    }
    for (const [name, value] of node.values) {
      if (value === undefined) continue;
      inputs.set(
        name,
        dynamic.has(name) && typeof value === "string" ? firstChoice(value) : literal(value),
      );
    }
    for (const [index, { name, link }] of node.slots.entries()) {
      if (link === undefined) continue;
      const source = resolveInput(node, index, this.#budget);
      if (!source) continue;
      if ("fault" in source) this.#reportLink(source.fault, node, name);
      else if ("value" in source) inputs.set(name, literal(source.value));
      // A link to a muted node also takes the widget's value away.
      else if (sent.has(source.link[0])) inputs.set(name, source.link);
      else inputs.delete(name);
    }
    this.#reportEditorOnly(node, inputs);
    return Object.fromEntries(inputs);
  }

  #reportEditorOnly(node: PlacedNode, inputs: ReadonlyMap<string, unknown>): void {
    if (!node.definition) return;
    for (const input of orderedInputs(node.definition)) {
      if (!widgetOf(input)?.editorOnly || Array.isArray(inputs.get(input.name))) continue;
      const message = `The editor makes the value of "${input.name}" itself when it sends the graph. Run this workflow from the editor.`;
      this.#report("editor-only-input", node, message, input.name);
    }
  }

  #reportLink(kind: "broken-link" | "link-cycle", node: PlacedNode, input: string): void {
    const message =
      kind === "broken-link"
        ? `The input "${input}" is connected by a link that is not in the workflow. Connect it again in the editor.`
        : `The links to the input "${input}" lead in a circle. Connect it again in the editor.`;
    this.#report(kind, node, message, input);
  }

  #report(kind: ConversionProblemKind, node: PlacedNode, message: string, input?: string): void {
    const place = { nodeId: node.id, nodeType: node.type, ...(input !== undefined && { input }) };
    this.#problems.push({ kind, ...place, message });
  }
}

function* allNodes({ nodes }: Scope): Generator<PlacedNode> {
  for (const node of nodes.values()) {
    yield node;
    if (node.inside) yield* allNodes(node.inside);
  }
}

/** A primitive node's value becomes that of every widget it is connected to. */
function applyPrimitive({ node, scope }: PlacedNode): void {
  const stored = node.widgets_values;
  if (!Array.isArray(stored) || stored.length === 0) return;
  for (const { id } of scope.links.byOrigin.get(node.id) ?? []) {
    const arrival = scope.arrivals.get(id);
    if (arrival?.node.values.has(arrival.slot.name)) {
      arrival.node.values.set(arrival.slot.name, stored[0]);
    }
  }
}

/** A list would be read as a link. */
const literal = (value: unknown): unknown => (Array.isArray(value) ? { __value__: value } : value);

const dynamicTexts = ({ definition }: PlacedNode): ReadonlySet<string> =>
  new Set(
    definition
      ? orderedInputs(definition)
          .filter(({ spec }) => spec.options["dynamicPrompts"] === true)
          .map(({ name }) => name)
      : [],
  );

function titleOf({ node, definition, type }: PlacedNode): string {
  if (node.title) return node.title;
  const shown = definition?.["display_name"];
  return typeof shown === "string" && shown ? shown : type;
}
