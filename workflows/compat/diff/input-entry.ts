/** The inputs of a definition as they are compared: by the name that a prompt gives them. */
import { listsFiles } from "../file-options.ts";
import { comboOptions, readInputSpec } from "../object-info.ts";
import type { InputSpec, SlotType } from "../object-info.ts";
import { slotTypesFit } from "../slot-types.ts";
import { validateValue } from "../validate-input.ts";
import type { NodeUse } from "./saved-uses.ts";

export const AUTOGROW = "COMFY_AUTOGROW_V3";
export const DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3";

export interface InputEntry {
  /** `outer.inner` for an inner input. */
  readonly name: string;
  readonly required: boolean;
  readonly raw: unknown;
  /** Undefined for what no ComfyUI sends. */
  readonly spec: InputSpec | undefined;
}

/** An input whose definition can be read. */
export interface ReadableInput extends InputEntry {
  readonly spec: InputSpec;
}

/** A choice in an outer combo that must have been made for an inner input to be there. */
export interface Choice {
  readonly input: string;
  readonly key: unknown;
}

type Groups = Readonly<Record<string, unknown>>;

/** Of one level: required ones first. */
export function inputEntries(groups: Groups, prefix: string): ReadonlyMap<string, InputEntry> {
  const entries = new Map<string, InputEntry>();
  for (const category of ["required", "optional"] as const) {
    for (const [key, raw] of Object.entries(asRecord(groups[category]))) {
      const name = prefix + key;
      if (entries.has(name)) continue;
      const required = category === "required";
      entries.set(name, { name, required, raw, spec: readInputSpec(raw) });
    }
  }
  return entries;
}

/** Whether a stored node has made all these choices. */
export const isChosen = (choices: readonly Choice[], { values }: NodeUse): boolean =>
  choices.every(({ input, key }) => Object.hasOwn(values, input) && values[input] === key);

/** `*`, and a generic slot, which only the editor checks. */
const TAKES_ALL = new Set(["*", "COMFY_MATCHTYPE_V3"]);

/** Both notations of a combo are one type. */
export const typeName = (type: SlotType): string => (typeof type === "string" ? type : "COMBO");

/**
 * Whether everything that fits the older type fits the newer one too: the same, one that takes all,
 * or a union with more members. Holds for inputs and for outputs, where one common member is enough.
 */
export function typeCovers(after: SlotType, before: SlotType): boolean {
  const [wide, narrow] = [typeName(after), typeName(before)];
  if (wide === narrow) return true;
  if (TAKES_ALL.has(wide)) return true;
  const members = narrow.split(",").map((member) => member.trim());
  return members.every((member) => !TAKES_ALL.has(member) && slotTypesFit(member, wide));
}

/** Whether the options are files of the server's disk, or come from another server: never compared. */
export function optionsComeFromElsewhere(node: string, { name, spec }: ReadableInput): boolean {
  const key = name.slice(name.lastIndexOf(".") + 1);
  return (
    listsFiles(node, name, spec) ||
    listsFiles(node, key, spec) ||
    (typeof spec.options["remote"] === "object" && spec.options["remote"] !== null)
  );
}

/** The choices of a combo with sub-inputs. */
export const choicesOf = ({ options }: InputSpec): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(options["options"]) ? options["options"].map(asRecord) : [];

/** Options of a combo, keys of a combo with sub-inputs; undefined for other types. */
export const optionsOf = (spec: InputSpec): readonly unknown[] | undefined =>
  spec.type === DYNAMIC_COMBO ? choicesOf(spec).map(({ key }) => key) : comboOptions(spec);

/** Whether a missing required input can be filled in: it states a default that ComfyUI accepts. */
export function hasStatedDefault({ name, spec }: ReadableInput): boolean {
  if ([AUTOGROW, DYNAMIC_COMBO].includes(typeName(spec.type))) return false;
  const stated = spec.options["default"];
  if (stated === undefined || stated === null) return false;
  const value = Array.isArray(stated) ? { __value__: stated } : stated;
  return !validateValue({ name, required: true, spec }, value, false);
}

export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** The longest value that a sentence spells out, in characters. */
const LONGEST_QUOTE = 80;

/** For sentences: `"bypass_mode"`, `0.5`, `nothing`. `value` came out of JSON, or is undefined. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
