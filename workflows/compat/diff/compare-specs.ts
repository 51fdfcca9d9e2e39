/** One input that is in both versions: its type, options, default, range and settings. */
import { isDeepStrictEqual } from "node:util";
import { initialValue, widgetOf } from "../convert/widgets.ts";
import { lookUp } from "../migrate/renames.ts";
import { pythonEquals } from "../python-text.ts";
import { slotTypesFit } from "../slot-types.ts";
import { validateValue } from "../validate-input.ts";
import type { ChangeClass, ChangeKind } from "./change.ts";
import type { Finding, NodePair } from "./finding.ts";
import {
  DYNAMIC_COMBO,
  isChosen,
  optionsComeFromElsewhere,
  optionsOf,
  quote,
  typeCovers,
  typeName,
} from "./input-entry.ts";
import type { Choice, ReadableInput } from "./input-entry.ts";
import type { NodeUse } from "./saved-uses.ts";
import { changedSettings } from "./settings.ts";

/** Settings that have a kind of change of their own. */
const JUDGED = new Set(["default", "min", "max", "options", "template", "forceInput"]);
/** Settings of the editor by which the same graph may send another value. */
const TELLING = new Set(["control_after_generate", "dynamicPrompts", "multiselect", "widgetType"]);

interface Comparison {
  readonly pair: NodePair;
  readonly before: ReadableInput;
  readonly after: ReadableInput;
  /** Names under which a stored node may hold the input; several for one that grows. */
  readonly names: readonly string[];
  readonly find: (
    change: ChangeKind,
    kind: ChangeClass,
    text: string,
    inGraph: (use: NodeUse) => ChangeClass | undefined,
  ) => Finding;
}

/** `context`: for sentences, the choices under which the input is there. */
export function compareSpecs(
  pair: NodePair,
  before: ReadableInput,
  after: ReadableInput,
  choices: readonly Choice[],
  context: string,
  names: readonly string[] = [before.name],
): Finding[] {
  const comparison: Comparison = {
    pair,
    before,
    after,
    names,
    find: (change, kind, text, inGraph) => ({
      change: {
        node: pair.node,
        change,
        class: kind,
        input: before.name,
        detail: `The input ${quote(before.name)}${context} ${text}.`,
      },
      inGraph: (use) => (isChosen(choices, use) ? inGraph(use) : undefined),
    }),
  };
  const widget = compareWidgets(comparison);
  if (typeName(before.spec.type) !== typeName(after.spec.type)) {
    return [compareTypes(comparison), ...widget];
  }
  const settings = compareSettings(comparison);
  if ([before, after].some((input) => optionsComeFromElsewhere(pair.node, input))) {
    return [...widget, ...settings];
  }
  return [
    ...widget,
    ...compareOptions(comparison),
    ...compareDefaults(comparison),
    ...compareRanges(comparison),
    ...settings,
  ];
}

function compareTypes({ before, after, names, find }: Comparison): Finding {
  const [older, newer] = [before.spec.type, after.spec.type];
  const kind = typeCovers(newer, older) ? "harmless" : "breaking";
  const text = `was of type ${typeName(older)} and is of type ${typeName(newer)} now`;
  return find("input-type-changed", kind, text, (use) => {
    const used = names.filter((name) => Object.hasOwn(use.values, name));
    if (used.length === 0) return undefined;
    const fits = used.every((name) => {
      const received = use.received.get(name);
      if (received !== undefined) return slotTypesFit(received, newer);
      const value = use.values[name];
      // Where the other end of a link is unknown, the type as such decides.
      if (Array.isArray(value)) return kind === "harmless";
      return !validateValue({ ...after, name }, value, false);
    });
    if (!fits) return "breaking";
    // The node now gets the value converted to another type.
    return used.some((name) => !Array.isArray(use.values[name])) ? "behavioural" : "harmless";
  });
}

function compareWidgets({ before, after, find }: Comparison): Finding[] {
  const [older, newer] = [widgetOf(before), widgetOf(after)];
  if (Boolean(older) === Boolean(newer)) return [];
  const finding = older
    ? find(
        "input-lost-widget",
        "breaking",
        "was a widget and takes a link only now: the value in a workflow is not sent any more",
        () => undefined,
      )
    : find("input-gained-widget", "harmless", "is a widget now", () => undefined);
  return [{ ...finding, uiOnly: true }];
}

function compareOptions({ pair, before, after, names, find }: Comparison): Finding[] {
  const older = optionsOf(before.spec) ?? [];
  const newer = optionsOf(after.spec) ?? [];
  const renames = lookUp(pair.renames?.options, after.name);
  const [had, has] = [new Set(older), new Set(newer)];
  const holds = (use: NodeUse, option: unknown): boolean =>
    names.some((name) => Object.hasOwn(use.values, name) && pythonEquals(use.values[name], option));
  const renamed = new Set<unknown>();
  const gone = older.flatMap((option) => {
    if (has.has(option)) return [];
    const name = typeof option === "string" ? lookUp(renames, option) : undefined;
    if (name !== undefined && has.has(name) && !had.has(name)) {
      renamed.add(name);
      const text = `calls its option ${quote(option)} ${quote(name)} now`;
      return [
        find("option-renamed", "migratable", text, (use) =>
          holds(use, option) ? "migratable" : undefined,
        ),
      ];
    }
    return [
      find("option-removed", "breaking", `has lost the option ${quote(option)}`, (use) =>
        holds(use, option) ? "breaking" : undefined,
      ),
    ];
  });
  const come = newer
    .filter((option) => !had.has(option) && !renamed.has(option))
    .map((option) =>
      find("option-added", "harmless", `has the new option ${quote(option)}`, (use) =>
        holds(use, option) ? "harmless" : undefined,
      ),
    );
  return [...gone, ...come];
}

/** What a new widget holds; for an input without a widget, what is stated. */
function compareDefaults({ pair, before, after, names, find }: Comparison): Finding[] {
  const [older, newer] = [startValue(before), startValue(after)];
  const renames = lookUp(pair.renames?.options, after.name);
  const renamed = typeof older === "string" ? lookUp(renames, older) : undefined;
  if (isDeepStrictEqual(newer, older) || (newer !== undefined && newer === renamed)) return [];
  const text = `starts with ${quote(newer)} instead of ${quote(older)}`;
  return [
    find("default-changed", "behavioural", text, (use) =>
      names.some((name) => Object.hasOwn(use.values, name)) ? undefined : "behavioural",
    ),
  ];
}

function startValue(input: ReadableInput): unknown {
  if (widgetOf(input)) return initialValue(input);
  return input.spec.options["default"] ?? undefined;
}

function compareRanges({ before, after, names, find }: Comparison): Finding[] {
  const [older, newer] = [rangeOf(before), rangeOf(after)];
  const accepts = (input: ReadableInput, value: unknown, name: string): boolean => {
    const { min, max } = input.spec.options;
    const spec = { type: input.spec.type, options: { min, max } };
    return !validateValue({ name, required: true, spec }, value, false);
  };
  /** A stored value that only one of the two accepts. Values that come over links are not checked. */
  const onlyFits = (use: NodeUse, fits: ReadableInput, refuses: ReadableInput): boolean =>
    names.some((name) => {
      if (!Object.hasOwn(use.values, name)) return false;
      const value = use.values[name];
      if (Array.isArray(value)) return false;
      return accepts(fits, value, name) && !accepts(refuses, value, name);
    });
  const text = `had the range ${rangeText(older)} and has ${rangeText(newer)} now`;
  const findings: Finding[] = [];
  if (newer.min > older.min || newer.max < older.max) {
    findings.push(
      find("range-narrowed", "behavioural", text, (use) =>
        onlyFits(use, before, after) ? "breaking" : undefined,
      ),
    );
  }
  if (newer.min < older.min || newer.max > older.max) {
    findings.push(
      find("range-widened", "behavioural", text, (use) =>
        onlyFits(use, after, before) ? "harmless" : undefined,
      ),
    );
  }
  return findings;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function rangeOf({ spec }: ReadableInput): Range {
  const { min, max } = spec.options;
  return {
    min: typeof min === "number" ? min : -Infinity,
    max: typeof max === "number" ? max : Infinity,
  };
}

const rangeText = ({ min, max }: Range): string =>
  `${Number.isFinite(min) ? min : "any"} to ${Number.isFinite(max) ? max : "any"}`;

function compareSettings({ before, after, find }: Comparison): Finding[] {
  // The choices of a combo with sub-inputs hold definitions of their own.
  if (before.spec.type === DYNAMIC_COMBO) return [];
  const keys = changedSettings(before.spec.options, after.spec.options, JUDGED);
  if (keys.length === 0) return [];
  const text = keys
    .map(
      (key) =>
        `${key} ${quote(after.spec.options[key])} instead of ${quote(before.spec.options[key])}`,
    )
    .join(", ");
  const kind = keys.some((key) => TELLING.has(key)) ? "behavioural" : "harmless";
  const finding = find("input-settings-changed", kind, `has ${text}`, () => undefined);
  return [{ ...finding, uiOnly: true }];
}
