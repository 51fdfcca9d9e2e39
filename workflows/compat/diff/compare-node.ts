/** Everything that differs between two versions of one node type. */
import { compareInputs } from "./compare-inputs.ts";
import { compareOrder } from "./compare-order.ts";
import { compareOutputs } from "./compare-outputs.ts";
import type { Finding, NodePair } from "./finding.ts";
import { quote } from "./input-entry.ts";
import { changedSettings } from "./settings.ts";

/** Parts of a definition that are compared on their own. */
const JUDGED = new Set([
  "input",
  "input_order",
  "output",
  "output_is_list",
  "output_name",
  "output_node",
]);

export function compareNode(pair: NodePair): Finding[] {
  if (JSON.stringify(pair.before) === JSON.stringify(pair.after)) return [];
  return [
    ...compareInputs(pair),
    ...compareOrder(pair),
    ...compareOutputs(pair),
    ...compareSettings(pair),
  ];
}

function compareSettings({ node, before, after }: NodePair): Finding[] {
  const older = { ...before, hidden: before.input.hidden };
  const newer = { ...after, hidden: after.input.hidden };
  const keys = changedSettings(older, newer, JUDGED);
  if (keys.length === 0) return [];
  const [was, is] = [new Map(Object.entries(older)), new Map(Object.entries(newer))];
  const text = keys.map((key) => `${key} ${quote(is.get(key))} instead of ${quote(was.get(key))}`);
  return [
    {
      change: {
        node,
        change: "node-settings-changed",
        class: "harmless",
        detail: `It has ${text.join(", ")}.`,
      },
      uiOnly: true,
      inGraph: () => undefined,
    },
  ];
}
