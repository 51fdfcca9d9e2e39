/**
 * The inputs that a node really has for one set of values. Most nodes have the same always; V3
 * nodes may grow slots (`COMFY_AUTOGROW_V3`) or show others by the choice in a combo
 * (`COMFY_DYNAMICCOMBO_V3`). Their inner inputs are named `outer.inner`.
 */
import { readInputSpec } from "./object-info.ts";
import type { InputSpec, NodeDefinition } from "./object-info.ts";

export interface LiveInput {
  readonly name: string;
  readonly required: boolean;
  readonly spec: InputSpec;
}

type Specs = Readonly<Record<string, unknown>>;
type Groups = Readonly<Record<string, unknown>>;

/** ComfyUI's own bound on grown slots; keeps a strange template from costing memory. */
const MAX_GROWN = 100;
/** Combos inside combos: deeper is no node that anybody ships. */
const MAX_DEPTH = 8;

/** Required inputs, then optional ones, each in the definition's order. */
export function liveInputs(definition: NodeDefinition, values: Specs): readonly LiveInput[] {
  const found: LiveInput[] = [];
  collect(definition.input, "", values, found, 0);
  return [...found.filter((input) => input.required), ...found.filter((input) => !input.required)];
}

function collect(
  groups: Groups,
  prefix: string,
  values: Specs,
  found: LiveInput[],
  depth: number,
): void {
  if (depth > MAX_DEPTH) return;
  for (const category of ["required", "optional"] as const) {
    for (const [key, raw] of entriesOf(groups[category])) {
      const spec = readInputSpec(raw);
      if (!spec) continue;
      const input = { name: prefix + key, required: category === "required", spec };
      if (spec.type === "COMFY_AUTOGROW_V3") found.push(...grownInputs(input));
      else if (spec.type === "COMFY_DYNAMICCOMBO_V3") chosenInputs(input, values, found, depth);
      else found.push(input);
    }
  }
}

/** One slot per name: `min` of them are required, when the template's own input is. */
function grownInputs({ name, spec }: LiveInput): LiveInput[] {
  const template = asRecord(spec.options["template"]);
  const groups = asRecord(template["input"]);
  const required = entriesOf(groups["required"])[0];
  const slot = readInputSpec((required ?? entriesOf(groups["optional"])[0])?.[1]);
  if (!slot) return [];
  const minimum = required && typeof template["min"] === "number" ? template["min"] : 0;
  return grownNames(template).map((grown, index) => ({
    name: `${name}.${grown}`,
    required: index < minimum,
    spec: slot,
  }));
}

function grownNames(template: Specs): string[] {
  if (Array.isArray(template["names"])) return template["names"].slice(0, MAX_GROWN).map(String);
  const { prefix, max } = template;
  if (typeof prefix !== "string" || typeof max !== "number") return [];
  return Array.from({ length: Math.min(max, MAX_GROWN) }, (_, index) => `${prefix}${index}`);
}

/** An unknown or missing choice brings no inputs and no error, as in ComfyUI. */
function chosenInputs(input: LiveInput, values: Specs, found: LiveInput[], depth: number): void {
  const choice = values[input.name];
  const options: unknown = input.spec.options["options"];
  if (choice === undefined || !Array.isArray(options)) return;
  const chosen = options.map(asRecord).find((option) => option["key"] === choice);
  if (!chosen) return;
  collect(asRecord(chosen["inputs"]), `${input.name}.`, values, found, depth + 1);
  found.push(input);
}

const asRecord = (value: unknown): Specs =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Specs) : {};

const entriesOf = (value: unknown): [string, unknown][] => Object.entries(asRecord(value));
