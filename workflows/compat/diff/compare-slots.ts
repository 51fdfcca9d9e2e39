/** Inputs that grow: which slots they may have, how many they need, and what fits into one. */
import { liveInputs } from "../dynamic-inputs.ts";
import type { LiveInput } from "../dynamic-inputs.ts";
import type { ChangeClass } from "./change.ts";
import { compareSpecs } from "./compare-specs.ts";
import type { Finding, NodePair } from "./finding.ts";
import { hasStatedDefault, isChosen, quote } from "./input-entry.ts";
import type { Choice, ReadableInput } from "./input-entry.ts";

type Slots = ReadonlyMap<string, LiveInput>;

/** `context`: for sentences, the choices under which the input is there. */
export function compareSlots(
  pair: NodePair,
  before: ReadableInput,
  after: ReadableInput,
  choices: readonly Choice[],
  context: string,
): Finding[] {
  // A renamed input is compared slot by slot under its newer name.
  const older = slotsOf(before, before.name);
  const newer = slotsOf(after, before.name);
  const gone = [...older.keys()].filter((name) => !newer.has(name));
  const come = [...newer.values()].filter(({ name }) => !older.has(name));
  const findings: Finding[] = [];
  const report = (
    change: "slots-removed" | "slots-added",
    kind: ChangeClass,
    names: readonly string[],
    inGraph: Finding["inGraph"],
  ): void => {
    if (names.length === 0) return;
    const verb = change === "slots-removed" ? "lost" : "got";
    const detail = `The input ${quote(before.name)}${context} has ${verb} the slots ${listed(names)}.`;
    findings.push({
      change: { node: pair.node, change, class: kind, input: before.name, detail },
      inGraph: (use) => (isChosen(choices, use) ? inGraph(use) : undefined),
    });
  };
  report("slots-removed", "behavioural", gone, ({ values }) =>
    gone.some((name) => Object.hasOwn(values, name)) ? "behavioural" : undefined,
  );
  const optional = come.flatMap(({ name, required }) => (required ? [] : [name]));
  report("slots-added", "harmless", optional, ({ values }) =>
    optional.some((name) => Object.hasOwn(values, name)) ? "behavioural" : undefined,
  );
  for (const slot of newer.values()) {
    if (slot.required && !older.get(slot.name)?.required) {
      findings.push(neededSlot(pair, slot, older.has(slot.name), choices, context));
    }
  }
  const [common] = [...older.values()].filter(({ name }) => newer.has(name));
  const now = common && newer.get(common.name);
  // All slots of an input are alike: the first one speaks for them.
  if (!common || !now) return findings;
  const alike = [...older.keys()].filter((name) => newer.has(name));
  return [
    ...findings,
    ...compareSpecs(pair, readable(common), readable(now), choices, context, alike),
  ];
}

function neededSlot(
  pair: NodePair,
  slot: LiveInput,
  known: boolean,
  choices: readonly Choice[],
  context: string,
): Finding {
  const missing = hasStatedDefault(readable(slot)) ? "migratable" : "breaking";
  const { name } = slot;
  return {
    change: {
      node: pair.node,
      change: known ? "input-became-required" : "input-added-required",
      class: missing,
      input: name,
      detail: `The slot ${quote(name)}${context} ${known ? "was optional and is required now" : "is new and required"}.`,
    },
    inGraph: (use) =>
      isChosen(choices, use) && !Object.hasOwn(use.values, name) ? missing : undefined,
  };
}

const slotsOf = ({ raw }: ReadableInput, name: string): Slots =>
  new Map(
    liveInputs({ input: { required: { [name]: raw } }, output: [] }, {}).map((slot) => [
      slot.name,
      slot,
    ]),
  );

const readable = (slot: LiveInput): ReadableInput => ({ ...slot, raw: undefined });

const listed = (names: readonly string[]): string => {
  const [first, ...rest] = names;
  return rest.length === 0 ? quote(first) : `${quote(first)} to ${quote(rest.at(-1))}`;
};
