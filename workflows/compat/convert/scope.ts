/**
 * A graph laid out as it runs: every node that stands for a subgraph has its own copy of that
 * subgraph's nodes, with ids such as `"75:61"`, and every node has its slots in the editor's order.
 */
import { liveInputs } from "../dynamic-inputs.ts";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import { LayoutError } from "./budget.ts";
import type { Budget } from "./budget.ts";
import type { GraphNode, Subgraph, Workflow } from "./graph-schema.ts";
import { indexLinks } from "./link-index.ts";
import type { LinkIndex } from "./link-index.ts";
import { currentType, isGroupNode, isVirtual } from "./node-types.ts";
import { promotedValues } from "./promoted-values.ts";
import { widgetValues } from "./widget-values.ts";
import type { WidgetValues } from "./widget-values.ts";
import { orderedInputs, widgetOf } from "./widgets.ts";

/** Nodes after all subgraphs are laid out. */
const MOST_PLACED_NODES = 20_000;
/** Subgraphs in subgraphs. */
const DEEPEST_SUBGRAPH = 32;

export interface Slot {
  readonly name: string;
  readonly type: string;
  readonly link: number | undefined;
}

export interface PlacedNode {
  /** As in the prompt. */
  readonly id: string;
  readonly type: string;
  readonly node: GraphNode;
  readonly scope: Scope;
  readonly slots: readonly Slot[];
  /** Only of nodes that ComfyUI knows. */
  readonly definition?: NodeDefinition;
  /** Values of its widgets; of a subgraph's node, of the widgets that the subgraph shows outside. */
  readonly values: WidgetValues;
  /** The inside of a node that stands for a subgraph. */
  readonly inside?: Scope;
}

export interface Scope {
  readonly nodes: ReadonlyMap<string, PlacedNode>;
  readonly links: LinkIndex;
  /** Where each link arrives. The number of the slot in the link itself may be out of date. */
  readonly arrivals: ReadonlyMap<number, { readonly node: PlacedNode; readonly slot: Slot }>;
  readonly subgraph?: Subgraph;
  /** The node that stands for this scope, once it is placed. */
  owner?: PlacedNode;
}

/** Throws a LayoutError where subgraphs contain themselves or grow beyond the bounds. */
export function layOut(workflow: Workflow, objectInfo: ObjectInfo, budget: Budget): Scope {
  const subgraphs = new Map(workflow.definitions?.subgraphs?.map((graph) => [graph.id, graph]));
  const indexes = new Map<Workflow | Subgraph, LinkIndex>();
  let placed = 0;

  function scopeOf(graph: Workflow | Subgraph, path: readonly string[], within: Subgraph[]): Scope {
    const nodes = new Map<string, PlacedNode>();
    const arrivals = new Map<number, { node: PlacedNode; slot: Slot }>();
    const subgraph = within.at(-1);
    const links = indexes.get(graph) ?? indexLinks(graph, subgraph);
    indexes.set(graph, links);
    const scope: Scope = { nodes, links, arrivals, ...(subgraph && { subgraph }) };
    for (const node of graph.nodes) {
      if (++placed > MOST_PLACED_NODES) {
        throw new LayoutError(
          `The workflow has more than ${MOST_PLACED_NODES} nodes with its subgraphs laid out. Split it into smaller workflows.`,
        );
      }
      const own = place(node, scope, path, within);
      nodes.set(node.id, own);
      budget.spend(own.slots.length);
      for (const slot of own.slots) {
        if (slot.link !== undefined) arrivals.set(slot.link, { node: own, slot });
      }
    }
    return scope;
  }

  function place(
    node: GraphNode,
    scope: Scope,
    path: readonly string[],
    within: Subgraph[],
  ): PlacedNode {
    const ownPath = [...path, node.id];
    const type = currentType(node.type);
    const common = { id: ownPath.join(":"), type, node, scope };
    const subgraph = subgraphs.get(type);
    if (subgraph) {
      if (within.includes(subgraph) || within.length >= DEEPEST_SUBGRAPH) {
        throw new LayoutError(
          `The subgraph "${subgraph.name ?? subgraph.id}" contains itself, or lies more than ${DEEPEST_SUBGRAPH} subgraphs deep. Take that node out of it in the editor.`,
        );
      }
      const inside = scopeOf(subgraph, ownPath, [...within, subgraph]);
      const slots = slotsOf(subgraph.inputs ?? [], node);
      inside.owner = {
        ...common,
        slots,
        values: promotedValues(subgraph, inside, node, budget),
        inside,
      };
      return inside.owner;
    }
    const definition =
      isVirtual(type) || !Object.hasOwn(objectInfo, type) ? undefined : objectInfo[type];
    if (!definition)
      return { ...common, slots: slotsOf([], node), values: looseValues(node, type) };
    const values = widgetValues(definition, node.widgets_values);
    return { ...common, definition, values, slots: definedSlots(definition, values, node) };
  }

  return scopeOf(workflow, [], []);
}

/** Of a node that ComfyUI does not know, only values by name can be read. */
function looseValues(node: GraphNode, type: string): WidgetValues {
  const stored = node.widgets_values;
  const readable = stored && !Array.isArray(stored) && !isVirtual(type) && !isGroupNode(type);
  return new Map(readable ? Object.entries(stored) : []);
}

/** The editor lays out sockets first, then widgets, each of which can take a link as well. */
function definedSlots(
  definition: NodeDefinition,
  values: WidgetValues,
  node: GraphNode,
): readonly Slot[] {
  const live = liveInputs(definition, Object.fromEntries(values));
  const order = new Map(orderedInputs(definition).map(({ name }, index) => [name, index]));
  const rank = (name: string): number => order.get(name.split(".", 1)[0] ?? name) ?? 0;
  const inputs = live.toSorted((a, b) => rank(a.name) - rank(b.name));
  const widgets = inputs.filter((input) => widgetOf(input));
  const sockets = inputs.filter((input) => !widgets.includes(input));
  const defined = [...sockets, ...widgets].map(({ name, spec }) => ({
    name,
    type: typeof spec.type === "string" ? spec.type : "COMBO",
  }));
  return slotsOf(defined, node);
}

/** Slots of the definition take their link by name; what else the node was saved with follows. */
function slotsOf(
  defined: readonly { readonly name: string; readonly type: string }[],
  node: GraphNode,
): readonly Slot[] {
  const saved = new Map(node.inputs?.map((input) => [input.name, input]));
  const slots = defined.map(({ name, type }) => {
    const input = saved.get(name);
    saved.delete(name);
    // A generic slot has the type of what is connected to it, which only the saved graph knows.
    const own = type === "COMFY_MATCHTYPE_V3" && input ? input.type : type;
    return { name, type: own, link: input?.link ?? undefined };
  });
  const extra = [...saved.values()].map(({ name, type, link }) => ({
    name,
    type,
    link: link ?? undefined,
  }));
  return [...slots, ...extra];
}
