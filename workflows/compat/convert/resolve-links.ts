/**
 * Follows a link back to what really feeds an input: through reroutes, bypassed nodes and the edges
 * of subgraphs. One loop, so that a chain of any length is followed.
 */
import type { Budget } from "./budget.ts";
import { slotsConnect } from "./slot-match.ts";
import { isVirtual, REROUTE } from "./node-types.ts";
import { SUBGRAPH_INPUTS } from "./link-index.ts";
import type { PlacedNode, Scope } from "./scope.ts";

const BYPASSED = 4;

/** What feeds an input: an output of a node, or the value of a widget outside a subgraph. */
export type Source =
  | { readonly link: [string, number] }
  | { readonly value: unknown }
  /** Nothing, because the graph is broken there. */
  | { readonly fault: "broken-link" | "link-cycle" }
  | undefined;

/** At an input or an output of a node; `type` is that of the input where the search began. */
interface Step {
  readonly side: "input" | "output";
  readonly node: PlacedNode;
  readonly slot: number;
  readonly type?: string | undefined;
}

/** Throws a LayoutError when the budget is used up. */
export function resolveInput(node: PlacedNode, slot: number, budget: Budget): Source {
  const visited = new Set<string>();
  let step: Step = { side: "input", node, slot };
  let shownOutside: Source;
  for (;;) {
    const place = `${step.side} ${step.slot} ${step.node.id}`;
    if (visited.has(place)) return { fault: "link-cycle" };
    visited.add(place);
    budget.spend(1);
    const next = step.side === "input" ? beforeInput(step) : beforeOutput(step);
    if (!next) return shownOutside;
    if (!("side" in next)) return next;
    if (step.node.scope.owner === next.node) shownOutside = promotedValue(next) ?? shownOutside;
    step = next;
  }
}

function beforeInput({ node, slot, type }: Step): Step | Source {
  const input = node.slots[slot];
  if (input?.link === undefined) return undefined;
  const link = node.scope.links.byId.get(input.link);
  if (!link) return { fault: "broken-link" };
  return fromOrigin(node.scope, link.origin, link.originSlot, type ?? input.type);
}

function fromOrigin(scope: Scope, origin: string, slot: number, type: string): Step | Source {
  const { owner } = scope;
  if (owner && origin === SUBGRAPH_INPUTS) {
    const outer = owner.slots[slot];
    if (!outer) return { fault: "broken-link" };
    if (outer.link !== undefined) return { side: "input", node: owner, slot };
    return promotedValue({ node: owner, slot });
  }
  const node = scope.nodes.get(origin);
  return node ? { side: "output", node, slot, type } : { fault: "broken-link" };
}

/** The value of the widget that a subgraph shows for one of its inputs. */
function promotedValue({ node, slot }: Pick<Step, "node" | "slot">): Source {
  const name = node.slots[slot]?.name;
  return name !== undefined && node.values.has(name) ? { value: node.values.get(name) } : undefined;
}

function beforeOutput({ node, slot, type = "*" }: Step): Step | Source {
  if (node.node.mode === BYPASSED) {
    const input = bypassInput(node, slot, type);
    return input < 0 ? undefined : { side: "input", node, slot: input };
  }
  if (node.inside) return fromSubgraphOutput(node.inside, slot, type);
  if (node.type === REROUTE) return { side: "input", node, slot: 0, type };
  // A primitive node has put its value into the widget already; a note gives nothing.
  if (isVirtual(node.type)) return undefined;
  return { link: [node.id, slot] };
}

function fromSubgraphOutput(inside: Scope, slot: number, type: string): Step | Source {
  const link = inside.links.exits[slot];
  return link ? fromOrigin(inside, link.origin, link.originSlot, type) : undefined;
}

/**
 * The input that a bypassed node passes on in place of an output: the one across from it when the
 * types fit, else the first of exactly the wanted type, else the first that fits; -1 when none does.
 */
function bypassInput({ node, slots, definition }: PlacedNode, slot: number, type: string): number {
  if (type === "*") return slots.length > slot ? slot : 0;
  const defined = definition?.output[slot];
  const output = typeof defined === "string" ? defined : (node.outputs?.[slot]?.type ?? "*");
  const fits = (wanted: string): boolean =>
    slotsConnect(wanted, output) && slotsConnect(wanted, type);
  const across = slots[slot];
  if (across && fits(across.type)) return slot;
  const exact = slots.findIndex((input) => input.type === type);
  return exact >= 0 ? exact : slots.findIndex((input) => fits(input.type));
}
