/**
 * Outputs of a saved node that lie elsewhere in the newer version. The editor's format names each
 * output, so the graph itself says what its links mean.
 */
import type { GraphNode } from "../convert/graph-schema.ts";
import type { NodeDefinition } from "../object-info.ts";
import type { MigrationChange } from "./migration.ts";
import { movedTo, outputNames } from "./outputs.ts";
import type { NodeRenames } from "./renames.ts";

export interface MovedOutputs {
  /** Old slot → new slot, of outputs that moved. */
  readonly places: ReadonlyMap<number, number>;
  /** The node's list of outputs in the newer order. */
  readonly outputs: readonly unknown[];
  readonly changes: readonly Pick<MigrationChange, "kind" | "detail">[];
  /** Names of connected outputs that the newer version does not have. */
  readonly gone: readonly string[];
}

/** Undefined when no output has moved. `raw`: the outputs as they are in the JSON. */
export function moveOutputs(
  node: GraphNode,
  raw: readonly unknown[],
  definition: NodeDefinition,
  renames: NodeRenames | undefined,
): MovedOutputs | undefined {
  const saved = (node.outputs ?? []).map(({ name }) => name ?? "");
  const names = outputNames(definition);
  const places = new Map<number, number>();
  for (const slot of saved.keys()) {
    const place = movedTo(saved, slot, names, renames);
    if (place !== undefined && place !== slot) places.set(slot, place);
  }
  if (places.size === 0) return undefined;
  const outputs: unknown[] = names.map((name, place) => {
    const slot = saved.findIndex(
      (_, old) => (places.get(old) ?? (names[old] === saved[old] ? old : -1)) === place,
    );
    const type = definition.output[place];
    const output = slot < 0 ? { links: [] } : (raw[slot] as object);
    return { ...output, name, type: typeof type === "string" ? type : "COMBO" };
  });
  const changes = [...places].map(([slot, place]) => ({
    kind: "link-moved" as const,
    detail: `The output "${names[place] ?? ""}" has moved from place ${slot} to ${place}: its links follow it.`,
  }));
  const gone = saved.filter((name, slot) => !names.includes(name) && isConnected(raw[slot]));
  return { places, outputs, changes, gone };
}

const isConnected = (output: unknown): boolean => {
  const links = (output as { links?: unknown }).links;
  return Array.isArray(links) && links.length > 0;
};
