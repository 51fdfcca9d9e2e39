/** Ways in which another version may change a node as a whole, or its outputs. */
import type { NodeDefinition } from "../object-info.ts";
import { outputNames } from "../migrate/outputs.ts";
import type { MutationKind } from "./mutate.fixture.ts";

type Node = readonly [string, NodeDefinition];

interface Outputs {
  readonly types: NodeDefinition["output"];
  readonly names: readonly string[];
  readonly lists: readonly unknown[];
}

const NEW_OUTPUT = "mutated_output";
const NEW_TYPE = "MUTATED_TYPE";

function read(definition: NodeDefinition): Outputs {
  const lists: unknown = definition["output_is_list"];
  return {
    types: definition.output,
    names: outputNames(definition),
    lists: definition.output.map((_, slot) => Array.isArray(lists) && lists[slot] === true),
  };
}

const withOutputs = (
  definition: NodeDefinition,
  { types, names, lists }: Outputs,
): NodeDefinition => ({
  ...definition,
  output: [...types],
  output_name: names,
  output_is_list: lists,
});

/** The same outputs at other places, or fewer of them. */
function reordered(
  definition: NodeDefinition,
  order: (slots: readonly number[]) => readonly number[],
): NodeDefinition {
  const { types, names, lists } = read(definition);
  const slots = order([...types.keys()]);
  const pick = <Item>(items: readonly Item[]): Item[] =>
    slots.flatMap((slot) => items.slice(slot, slot + 1));
  return withOutputs(definition, { types: pick(types), names: pick(names), lists: pick(lists) });
}

export function nodeMutations(nodes: readonly Node[]): readonly MutationKind[] {
  const giving = nodes.filter(([, { output }]) => output.length > 0);
  const telling = giving.filter(([, definition]) => {
    const names = outputNames(definition);
    return new Set(names).size === names.length;
  });
  const several = telling.filter(([, { output }]) => output.length > 1);
  const outputNodes = nodes.filter(([, { output_node: is }]) => is === true);

  const changed = (
    targets: readonly Node[],
    what: string,
    expected: MutationKind["expected"],
    mutate: (definition: NodeDefinition) => NodeDefinition | undefined,
  ): MutationKind => ({
    targets: targets.map(([node, definition]) => ({
      node,
      what: `${node} ${what}`,
      mutate: () => mutate(definition),
    })),
    expected,
  });

  return [
    changed(nodes, "goes", { change: "node-removed", class: "breaking" }, () => undefined),
    {
      targets: nodes.map(([node, definition]) => ({
        node: `Mutated ${node}`,
        what: `Mutated ${node} comes`,
        mutate: () => definition,
      })),
      expected: { change: "node-added", class: "harmless" },
    },
    changed(nodes, "is shown otherwise", undefined, (definition) => ({
      ...definition,
      display_name: "mutated",
      description: "mutated",
      search_aliases: ["mutated"],
    })),
    changed(
      nodes,
      "moves in the menu",
      { change: "node-settings-changed", class: "harmless" },
      (definition) => ({ ...definition, category: "mutated" }),
    ),
    changed(
      outputNodes,
      "is no output node any more",
      { change: "output-node-changed", class: "breaking" },
      (definition) => ({ ...definition, output_node: false }),
    ),
    changed(
      giving.filter(([, { output_node: is }]) => is !== true),
      "becomes an output node",
      { change: "output-node-changed", class: "behavioural" },
      (definition) => ({ ...definition, output_node: true }),
    ),
    changed(
      giving,
      "loses its last output",
      { change: "output-removed", class: "breaking" },
      (definition) => reordered(definition, (outputs) => outputs.slice(0, -1)),
    ),
    changed(
      nodes,
      "gets an output at the end",
      { change: "output-added", class: "harmless" },
      (definition) => {
        const { types, names, lists } = read(definition);
        return withOutputs(definition, {
          types: [...types, NEW_TYPE],
          names: [...names, NEW_OUTPUT],
          lists: [...lists, false],
        });
      },
    ),
    changed(
      telling,
      "gets an output in front",
      { change: "output-moved", class: "migratable" },
      (definition) => {
        const { types, names, lists } = read(definition);
        return withOutputs(definition, {
          types: [NEW_TYPE, ...types],
          names: [NEW_OUTPUT, ...names],
          lists: [false, ...lists],
        });
      },
    ),
    changed(
      several,
      "loses its first output",
      { change: "output-removed", class: "breaking" },
      (definition) => reordered(definition, (outputs) => outputs.slice(1)),
    ),
    changed(
      several,
      "gives its first output last",
      { change: "output-moved", class: "migratable" },
      (definition) =>
        reordered(definition, ([first, ...others]) =>
          first === undefined ? others : [...others, first],
        ),
    ),
    changed(
      giving,
      "gives another type",
      { change: "output-retyped", class: "breaking" },
      (definition) => {
        const { types, ...rest } = read(definition);
        return withOutputs(definition, { ...rest, types: [NEW_TYPE, ...types.slice(1)] });
      },
    ),
    changed(
      giving,
      "gives a list, or none any more",
      { change: "output-list-changed", class: "behavioural" },
      (definition) => {
        const { lists, ...rest } = read(definition);
        const [first, ...others] = lists;
        return withOutputs(definition, { ...rest, lists: [first !== true, ...others] });
      },
    ),
  ];
}
