/** What stored graphs use of each node type: its inputs' values, and who takes its outputs. */
import { liveInputs } from "../dynamic-inputs.ts";
import { lookUp } from "../migrate/renames.ts";
import { isNode } from "../migrate/node-shape.ts";
import { reachedNodes } from "../migrate/reached-nodes.ts";
import type { ObjectInfo, SlotType } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { IncomparableError } from "./incomparable-error.ts";

/** One node of one stored graph. */
export interface NodeUse {
  readonly values: Readonly<Record<string, unknown>>;
  /** By linked input: the type that the older version's node at the other end gives. */
  readonly received: ReadonlyMap<string, SlotType>;
  readonly consumers: readonly Consumer[];
  /** Whether the newer version runs it: an output node, or one that such a node needs. */
  readonly runs: boolean;
}

export interface Consumer {
  readonly slot: number;
  /** What the newer version's input wants; undefined when it has no such input. */
  readonly wanted: SlotType | undefined;
}

/** Unknown node types that an error names. */
const MOST_NAMED = 5;

/** By node type. Throws IncomparableError for no graphs, for what is none, and for unknown types. */
export function savedUses(
  graphs: readonly Prompt[],
  before: ObjectInfo,
  after: ObjectInfo,
): ReadonlyMap<string, readonly NodeUse[]> {
  if (graphs.length === 0) {
    throw new IncomparableError(
      "There are no stored graphs to look at: name some, or take the scope api.",
    );
  }
  const uses = new Map<string, NodeUse[]>();
  const unknown = new Set<string>();
  graphs.forEach((graph, index) => {
    for (const [classType, use] of usesOf(graph, index, before, after)) {
      if (!lookUp(before, classType) && !lookUp(after, classType)) {
        unknown.add(classType);
      }
      const known = uses.get(classType);
      if (known) known.push(use);
      else uses.set(classType, [use]);
    }
  });
  if (unknown.size > 0) {
    const named = [...unknown].slice(0, MOST_NAMED).join(", ");
    throw new IncomparableError(
      `Neither version knows ${unknown.size} of the stored graphs' node types (${named}): compare captures of servers that have these custom nodes, or leave those graphs out.`,
    );
  }
  return uses;
}

function usesOf(
  graph: Prompt,
  index: number,
  before: ObjectInfo,
  after: ObjectInfo,
): [string, NodeUse][] {
  const nodes = Object.entries(graph);
  if (nodes.length === 0 || !nodes.every(([, node]) => isNode(node))) {
    throw new IncomparableError(
      `Stored graph ${index + 1} is not in API format: convert it first, or leave it out.`,
    );
  }
  const consumers = new Map<string, Consumer[]>();
  const received = new Map<string, Map<string, SlotType>>();
  for (const [id, { class_type: classType, inputs }] of nodes) {
    const definition = lookUp(after, classType);
    const live = definition ? liveInputs(definition, inputs) : [];
    const types = new Map<string, SlotType>();
    received.set(id, types);
    for (const [input, value] of Object.entries(inputs)) {
      const link = readLink(graph, value, before);
      if (!link) continue;
      if (link.type !== undefined) types.set(input, link.type);
      const wanted = live.find(({ name }) => name === input)?.spec.type;
      const known = consumers.get(link.source);
      if (known) known.push({ slot: link.slot, wanted });
      else consumers.set(link.source, [{ slot: link.slot, wanted }]);
    }
  }
  const running = reachedNodes(graph, after);
  return nodes.map(([id, { class_type: classType, inputs }]) => [
    classType,
    {
      values: inputs,
      received: received.get(id) ?? new Map<string, SlotType>(),
      consumers: consumers.get(id) ?? [],
      runs: running.has(id),
    },
  ]);
}

function readLink(
  graph: Prompt,
  value: unknown,
  before: ObjectInfo,
): { source: string; slot: number; type: SlotType | undefined } | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [source, index] = value as unknown[];
  if (typeof source !== "string" || typeof index !== "number") return undefined;
  const node = lookUp(graph, source);
  if (!node) return undefined;
  const outputs = lookUp(before, node.class_type)?.output ?? [];
  // As in Python: -1 is the last one.
  const slot = index < 0 ? index + outputs.length : index;
  return { source, slot, type: outputs[slot] };
}
