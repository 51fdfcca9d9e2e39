/** Which outputs came, went, moved or changed. Links name an output by its place only. */
import { movedTo, outputNames } from "../migrate/outputs.ts";
import { lookUp } from "../migrate/renames.ts";
import { slotTypesFit } from "../slot-types.ts";
import type { Finding, NodePair } from "./finding.ts";
import { quote, typeCovers, typeName } from "./input-entry.ts";
import type { NodeUse } from "./saved-uses.ts";

export function compareOutputs(pair: NodePair): Finding[] {
  const older = outputNames(pair.before);
  const newer = outputNames(pair.after);
  const places = older.map((_, slot) => placeOf(pair, older, slot, newer));
  const findings = places.flatMap((place, slot) =>
    place === undefined
      ? [removed(pair, older, slot, newer)]
      : compareOutput(pair, slot, place, older, newer),
  );
  const added = newer.flatMap((_, slot) =>
    places.includes(slot) ? [] : [addedFinding(pair, slot, newer)],
  );
  return [...findings, ...added, ...compareOutputNode(pair)];
}

/** Where an output is now; undefined when it is gone, or names do not tell. */
function placeOf(
  { before, after, renames }: NodePair,
  older: readonly string[],
  slot: number,
  newer: readonly string[],
): number | undefined {
  // Among outputs of the same name, what still has its place is taken to be the same.
  if (older[slot] === newer[slot]) return slot;
  const moved = movedTo(older, slot, newer, renames);
  if (moved !== undefined) return moved;
  const [oldType, newType, name] = [before.output[slot], after.output[slot], newer[slot]];
  if (oldType === undefined || newType === undefined || name === undefined) return undefined;
  const isNewName = !older.includes(name) && !newer.includes(older[slot] ?? "");
  return isNewName && typeCovers(newType, oldType) ? slot : undefined;
}

const takers = (use: NodeUse, slot: number) =>
  use.consumers.filter((consumer) => consumer.slot === slot);

const ifTaken =
  (slot: number, kind: Finding["change"]["class"]): Finding["inGraph"] =>
  (use) =>
    takers(use, slot).length > 0 ? kind : undefined;

function removed(
  { node, before, after }: NodePair,
  older: readonly string[],
  slot: number,
  newer: readonly string[],
): Finding {
  const now =
    after.output[slot] === undefined
      ? ""
      : `; that place now gives ${label(newer[slot], after.output[slot])}`;
  return {
    change: {
      node,
      change: "output-removed",
      class: "breaking",
      output: slot,
      detail: `Output ${slot}, ${label(older[slot], before.output[slot])}, is gone${now}.`,
    },
    inGraph: ifTaken(slot, "breaking"),
  };
}

function addedFinding({ node, after }: NodePair, slot: number, newer: readonly string[]): Finding {
  return {
    change: {
      node,
      change: "output-added",
      class: "harmless",
      output: slot,
      detail: `Output ${slot}, ${label(newer[slot], after.output[slot])}, is new.`,
    },
    inGraph: ifTaken(slot, "harmless"),
  };
}

function compareOutput(
  pair: NodePair,
  slot: number,
  place: number,
  older: readonly string[],
  newer: readonly string[],
): Finding[] {
  const { node, before, after, renames } = pair;
  const findings: Finding[] = [];
  const [oldType, newType] = [before.output[slot] ?? "", after.output[place] ?? ""];
  const what = `Output ${slot}, ${label(older[slot], oldType)},`;
  if (place !== slot) {
    const other = after.output[slot];
    const silent =
      other !== undefined && typeCovers(other, oldType)
        ? ` Links that stay fit ${quote(newer[slot])} as well, so nothing would refuse them.`
        : "";
    const detail = `${what} is now output ${place}.${silent}`;
    findings.push({
      change: { node, change: "output-moved", class: "migratable", output: slot, detail },
      inGraph: ifTaken(slot, "migratable"),
    });
  } else if (older[slot] !== newer[place]) {
    const expected = lookUp(renames?.outputs, older[slot] ?? "");
    const kind = expected === newer[place] ? "harmless" : "behavioural";
    const detail = `${what} is now called ${quote(newer[place])}.`;
    findings.push({
      change: { node, change: "output-renamed", class: kind, output: slot, detail },
      inGraph: ifTaken(slot, kind),
    });
  }
  if (typeName(oldType) !== typeName(newType)) {
    const detail = `${what} is now of type ${typeName(newType)}.`;
    const kind = typeCovers(newType, oldType) ? "harmless" : "breaking";
    findings.push({
      change: { node, change: "output-retyped", class: kind, output: slot, detail },
      inGraph: (use) => {
        const types = takers(use, slot).flatMap(({ wanted }) =>
          wanted === undefined ? [] : [slotTypesFit(newType, wanted)],
        );
        if (types.length === 0) return undefined;
        return types.every(Boolean) ? "harmless" : "breaking";
      },
    });
  }
  const [wasList, isList] = [givesList(before, slot), givesList(after, place)];
  if (wasList !== isList) {
    const detail = `${what} gives ${isList ? "a list now" : "no list any more"}: nodes behind it run another number of times.`;
    findings.push({
      change: { node, change: "output-list-changed", class: "behavioural", output: slot, detail },
      inGraph: ifTaken(slot, "behavioural"),
    });
  }
  return findings;
}

/** A node that is no output node any more does not run on its own, and a graph may have no output left. */
function compareOutputNode({ node, before, after }: NodePair): Finding[] {
  const [was, is] = [before.output_node === true, after.output_node === true];
  if (was === is) return [];
  const kind = was ? "breaking" : "behavioural";
  const detail = was
    ? "It is no output node any more: nothing runs for it alone."
    : "It is an output node now: it runs even when nothing takes its outputs.";
  return [
    {
      change: { node, change: "output-node-changed", class: kind, detail },
      inGraph: ({ runs }) => (was && runs ? "harmless" : kind),
    },
  ];
}

const givesList = (definition: NodePair["before"], slot: number): boolean => {
  const lists: unknown = definition["output_is_list"];
  return Array.isArray(lists) && lists[slot] === true;
};

const label = (name: string | undefined, type: NodePair["before"]["output"][number] | undefined) =>
  `${quote(name)} (${type === undefined ? "?" : typeName(type)})`;
