/** The values of the widgets that a subgraph shows on the node that stands for it. */
import { z } from "zod";
import type { Budget } from "./budget.ts";
import type { GraphNode, Subgraph } from "./graph-schema.ts";
import type { Scope } from "./scope.ts";
import type { WidgetValues } from "./widget-values.ts";

/** The editor's name for a subgraph's own input in `proxyWidgets`. */
const OWN_INPUT = "-1";

const proxyWidgetsSchema = z.array(z.tuple([z.coerce.string(), z.string()]));

/**
 * By name of the subgraph's input, in their order. Each begins as a copy of the first widget inside
 * that the input leads to, then takes what the node was saved with.
 */
export function promotedValues(
  subgraph: Subgraph,
  inside: Scope,
  node: GraphNode,
  budget: Budget,
): WidgetValues {
  const values: WidgetValues = new Map();
  for (const [index, { name }] of (subgraph.inputs ?? []).entries()) {
    const links = inside.links.entries[index] ?? [];
    budget.spend(links.length);
    const target = links
      .map((link) => inside.arrivals.get(link))
      .find((arrival) => arrival?.node.values.has(arrival.slot.name));
    if (target) values.set(name, target.node.values.get(target.slot.name));
  }
  const stored = node.widgets_values;
  if (!Array.isArray(stored)) return values;
  const proxies = readProxyWidgets(node.properties?.proxyWidgets);
  if (proxies.length === 0) {
    for (const [index, name] of [...values.keys()].entries()) {
      if (index < stored.length) values.set(name, stored[index]);
    }
  }
  for (const [index, [owner, name]] of proxies.entries()) {
    const value: unknown = stored[index];
    if (owner === OWN_INPUT && values.has(name) && value !== null && value !== undefined) {
      values.set(name, value);
    }
  }
  return values;
}

function readProxyWidgets(property: unknown): [string, string][] {
  const parsed = proxyWidgetsSchema.safeParse(property);
  return parsed.success ? parsed.data : [];
}
