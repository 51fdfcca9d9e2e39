/** Which inputs came, went, or got another name, level by level; then each that is in both. */
import { liveInputs } from "../dynamic-inputs.ts";
import { lookUp } from "../migrate/renames.ts";
import type { NodeDefinition } from "../object-info.ts";
import type { ChangeClass, ChangeKind } from "./change.ts";
import { compareSpecs } from "./compare-specs.ts";
import type { Finding, NodePair } from "./finding.ts";
import { IncomparableError } from "./incomparable-error.ts";
import {
  asRecord,
  AUTOGROW,
  choicesOf,
  DYNAMIC_COMBO,
  hasStatedDefault,
  inputEntries,
  isChosen,
  quote,
  typeName,
} from "./input-entry.ts";
import type { Choice, InputEntry, ReadableInput } from "./input-entry.ts";
import { compareSlots } from "./compare-slots.ts";

/** Combos inside combos: deeper is no node that anybody ships. */
const MAX_DEPTH = 8;

type Groups = Readonly<Record<string, unknown>>;

export const compareInputs = (pair: NodePair): Finding[] =>
  compareLevel(pair, "", pair.before.input, pair.after.input, []);

function compareLevel(
  pair: NodePair,
  prefix: string,
  before: Groups,
  after: Groups,
  choices: readonly Choice[],
): Finding[] {
  if (choices.length > MAX_DEPTH) return [];
  const older = inputEntries(before, prefix);
  const newer = inputEntries(after, prefix);
  const matched = new Set<string>();
  const findings = [...older.values()].flatMap((old) => {
    const name = newer.has(old.name) ? old.name : renamedInput(pair, old.name, older);
    const now = newer.get(name);
    if (!now) return [removed(pair, old, choices)];
    matched.add(name);
    const renamed = name === old.name ? [] : [renamedFinding(pair, old, name, choices)];
    return [...renamed, ...compareInput(pair, old, now, choices)];
  });
  const added = [...newer.values()].filter(({ name }) => !matched.has(name));
  return [...findings, ...added.map((input) => addedFinding(pair, input, choices))];
}

function renamedInput(
  { renames }: NodePair,
  name: string,
  older: ReadonlyMap<string, InputEntry>,
): string {
  const renamed = lookUp(renames?.inputs, name) ?? name;
  return older.has(renamed) ? name : renamed;
}

function removed(pair: NodePair, { name }: InputEntry, choices: readonly Choice[]): Finding {
  return {
    change: {
      node: pair.node,
      change: "input-removed",
      class: "behavioural",
      input: name,
      detail: `The input ${quote(name)}${under(choices)} is gone: ComfyUI drops its value without a word.`,
    },
    inGraph: (use) =>
      isChosen(choices, use) && Object.keys(use.values).some((used) => isOrIsWithin(used, name))
        ? "behavioural"
        : undefined,
  };
}

/** Inner inputs go with their outer one, which for an input that grows is not in the prompt itself. */
const isOrIsWithin = (used: string, name: string): boolean =>
  used === name || used.startsWith(`${name}.`);

function renamedFinding(
  pair: NodePair,
  { name }: InputEntry,
  newName: string,
  choices: readonly Choice[],
): Finding {
  return {
    change: {
      node: pair.node,
      change: "input-renamed",
      class: "migratable",
      input: name,
      detail: `The input ${quote(name)}${under(choices)} is now called ${quote(newName)}.`,
    },
    inGraph: (use) =>
      isChosen(choices, use) && Object.hasOwn(use.values, name) ? "migratable" : undefined,
  };
}

function addedFinding(pair: NodePair, input: InputEntry, choices: readonly Choice[]): Finding {
  const { spec, name } = input;
  if (!spec) throw unreadable(pair, name);
  const missing = missingClass({ ...input, spec });
  const kind: ChangeKind = missing ? "input-added-required" : "input-added-optional";
  const need = missing ? "required" : "optional";
  return {
    change: {
      node: pair.node,
      change: kind,
      class: missing ?? "harmless",
      input: name,
      detail: `The ${need} input ${quote(name)} (${typeName(spec.type)}, ${defaultText({ ...input, spec })})${under(choices)} is new.`,
    },
    inGraph: (use) => {
      if (!isChosen(choices, use)) return undefined;
      // So far ComfyUI dropped the value without a word.
      return Object.hasOwn(use.values, name) ? "behavioural" : missing;
    },
  };
}

/** What it means to lack this input; undefined when nothing is missing without it. */
function missingClass(input: ReadableInput): ChangeClass | undefined {
  if (input.spec.type === AUTOGROW) {
    const needed = liveInputs(oneInput(input), {}).filter(({ required }) => required);
    if (needed.length === 0) return undefined;
    const filled = needed.every((slot) => hasStatedDefault({ ...slot, raw: undefined }));
    return filled ? "migratable" : "breaking";
  }
  if (!input.required) return undefined;
  return hasStatedDefault(input) ? "migratable" : "breaking";
}

const oneInput = ({ name, raw }: InputEntry): NodeDefinition => ({
  input: { required: { [name]: raw } },
  output: [],
});

const defaultText = ({ spec }: ReadableInput): string => {
  const stated = spec.options["default"];
  return stated === undefined || stated === null ? "no default" : `default ${quote(stated)}`;
};

function compareInput(
  pair: NodePair,
  old: InputEntry,
  now: InputEntry,
  choices: readonly Choice[],
): Finding[] {
  const sameSpec = JSON.stringify(old.raw) === JSON.stringify(now.raw);
  if (sameSpec && (old.required === now.required || !now.spec)) return [];
  if (!old.spec || !now.spec) throw unreadable(pair, now.name);
  const [before, after] = [
    { ...old, spec: old.spec },
    { ...now, spec: now.spec },
  ];
  const both = (type: string): boolean => before.spec.type === type && after.spec.type === type;
  // The slots of an input that grows say themselves whether they are required.
  if (both(AUTOGROW)) return compareSlots(pair, before, after, choices, under(choices));
  const need = compareNeed(pair, before, after, choices);
  if (sameSpec) return need;
  const specs = compareSpecs(pair, before, after, choices, under(choices));
  if (!both(DYNAMIC_COMBO)) return [...need, ...specs];
  return [...need, ...specs, ...compareChoices(pair, before, after, choices)];
}

function compareNeed(
  pair: NodePair,
  before: ReadableInput,
  after: ReadableInput,
  choices: readonly Choice[],
): Finding[] {
  if (before.required === after.required) return [];
  const { node } = pair;
  const { name } = before;
  const what = `The input ${quote(name)}${under(choices)}`;
  if (before.required) {
    const detail = `${what} was required and is optional now.`;
    return [
      {
        change: { node, change: "input-became-optional", class: "harmless", input: name, detail },
        inGraph: () => undefined,
      },
    ];
  }
  const missing = hasStatedDefault(after) ? "migratable" : "breaking";
  const detail = `${what} was optional and is required now (${defaultText(after)}).`;
  return [
    {
      change: { node, change: "input-became-required", class: missing, input: name, detail },
      inGraph: (use) =>
        isChosen(choices, use) && !Object.hasOwn(use.values, name) ? missing : undefined,
    },
  ];
}

/** The sub-inputs of every choice that is in both. Choices that came and went are options. */
function compareChoices(
  pair: NodePair,
  before: ReadableInput,
  after: ReadableInput,
  choices: readonly Choice[],
): Finding[] {
  const newer = choicesOf(after.spec);
  return choicesOf(before.spec).flatMap((old) => {
    const now = newer.find(({ key }) => key === old["key"]);
    if (!now) return [];
    const chosen = [...choices, { input: before.name, key: old["key"] }];
    const [older, newest] = [asRecord(old["inputs"]), asRecord(now["inputs"])];
    return compareLevel(pair, `${before.name}.`, older, newest, chosen);
  });
}

const under = (choices: readonly Choice[]): string =>
  choices.map(({ input, key }) => ` (with ${input} = ${quote(key)})`).join("");

const unreadable = ({ node }: NodePair, name: string): IncomparableError =>
  new IncomparableError(
    `The input ${quote(name)} of ${quote(node)} is not [type, options] in one of the two object_info: capture it again, or mend that custom node.`,
  );
