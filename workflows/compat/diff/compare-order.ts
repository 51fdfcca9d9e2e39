/**
 * The order of a node's widgets. Workflows of the editor store widget values as a bare list, so a
 * widget that comes or goes anywhere but at the end gives every later one its neighbour's value.
 */
import { chosenInputs, initialValue, orderedInputs, visitWidgets } from "../convert/widgets.ts";
import { lookUp } from "../migrate/renames.ts";
import type { NodeDefinition } from "../object-info.ts";
import type { Finding, NodePair } from "./finding.ts";
import { choicesOf, DYNAMIC_COMBO } from "./input-entry.ts";

type Choices = ReadonlyMap<string, unknown>;

/** Places of a list of values: a widget's name, or the name of one of its companions. */
interface Layout {
  readonly places: readonly string[];
  /** What the combos with sub-inputs were taken to hold. */
  readonly chosen: Choices;
}

/** Names in a sentence. */
const MOST_NAMED = 12;

export function compareOrder(pair: NodePair): Finding[] {
  for (const choices of scenarios(pair.before)) {
    const before = layoutOf(pair.before, choices);
    const after = layoutOf(pair.after, renamedKeys(pair, before.chosen));
    const older = newNames(pair, before.places, after.places);
    const length = Math.min(older.length, after.places.length);
    if (older.slice(0, length).every((place, index) => place === after.places[index])) continue;
    const detail = `Widget values were stored in the order ${listed(older)} and are read as ${listed(after.places)} now.`;
    return [orderFinding(pair, "migratable", detail)];
  }
  return compareSockets(pair);
}

const orderFinding = (
  { node }: NodePair,
  kind: "migratable" | "harmless",
  detail: string,
): Finding => ({
  change: { node, change: "input-order-changed", class: kind, detail },
  uiOnly: true,
  inGraph: () => undefined,
});

/** Stored links name their input, so that this moves pictures of sockets only. */
function compareSockets(pair: NodePair): Finding[] {
  const newer = orderedInputs(pair.after).map(({ name }) => name);
  const older = newNames(
    pair,
    orderedInputs(pair.before).map(({ name }) => name),
    newer,
  );
  const [before, after] = [
    older.filter((name) => newer.includes(name)),
    newer.filter((name) => older.includes(name)),
  ];
  if (before.every((name, index) => name === after[index])) return [];
  const detail = `Inputs were shown in the order ${listed(before)} and are shown as ${listed(after)} now.`;
  return [orderFinding(pair, "harmless", detail)];
}

/** Every choice of every combo with sub-inputs, one at a time: each brings other widgets. */
function scenarios(definition: NodeDefinition): readonly Choices[] {
  const found: Choices[] = [new Map()];
  const seen = new Set<string>();
  for (const choices of found) {
    const { chosen } = layoutOf(definition, choices);
    for (const [name, keys] of dynamicCombos(definition, chosen)) {
      for (const key of keys) {
        const mark = JSON.stringify([name, key]);
        if (seen.has(mark)) continue;
        seen.add(mark);
        found.push(new Map([...chosen, [name, key]]));
      }
    }
  }
  return found;
}

function dynamicCombos(definition: NodeDefinition, chosen: Choices): Map<string, unknown[]> {
  const combos = new Map<string, unknown[]>();
  visitWidgets(orderedInputs(definition), (widget) => {
    if (widget.spec.type === DYNAMIC_COMBO) {
      combos.set(
        widget.name,
        choicesOf(widget.spec).map(({ key }) => key),
      );
    }
    return chosen.get(widget.name);
  });
  return combos;
}

function layoutOf(definition: NodeDefinition, choices: Choices): Layout {
  const places: string[] = [];
  const chosen = new Map<string, unknown>();
  visitWidgets(orderedInputs(definition), (widget) => {
    places.push(widget.name);
    for (let index = 0; index < widget.controls; index++) {
      places.push(`${widget.name} (companion ${index + 1})`);
    }
    if (widget.spec.type !== DYNAMIC_COMBO) return undefined;
    const choice = choices.has(widget.name) ? choices.get(widget.name) : initialValue(widget);
    chosen.set(widget.name, choice);
    // A choice that is gone brings nothing, and is a change of its own.
    return chosenInputs(widget, choice).length > 0 ? choice : undefined;
  });
  return { places, chosen };
}

function renamedKeys({ renames }: NodePair, chosen: Choices): Choices {
  return new Map([...chosen].map(([name, key]) => [lookUp(renames?.inputs, name) ?? name, key]));
}

/** A rename counts only where the old name is gone and the new one came. Companions follow their widget. */
function newNames(
  { renames }: NodePair,
  older: readonly string[],
  newer: readonly string[],
): readonly string[] {
  return older.map((place) => {
    const [name = place] = place.split(" (companion");
    const renamed = lookUp(renames?.inputs, name);
    const counts = renamed !== undefined && !newer.includes(name) && !older.includes(renamed);
    return counts ? renamed + place.slice(name.length) : place;
  });
}

const listed = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(", ") + (names.length > MOST_NAMED ? ", …" : "");
