/**
 * A second opinion on whether ComfyUI accepts a prompt. It shares no code with `validatePrompt`, by
 * which the simulated ComfyUI judges: it was written from how ComfyUI answers `POST /prompt`, as a
 * plain recursion with exceptions, and knows only yes and no. Differences to ComfyUI that no
 * generated prompt meets are left out (list literals, cycles, nodes with checks of their own).
 */
type Specs = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>>;

interface Definition {
  readonly input: {
    readonly required?: Specs | undefined;
    readonly optional?: Specs | undefined;
  };
  readonly output: readonly unknown[];
  readonly output_node?: boolean | undefined;
}

export type Definitions = Readonly<Record<string, Definition>>;
type Nodes = Readonly<Record<string, { readonly class_type: string; readonly inputs: Specs }>>;

/** ComfyUI runs all of it: nothing is refused, and no output is left out. */
export function acceptsAll(prompt: Nodes, definitions: Definitions): boolean {
  const entries = Object.entries(prompt);
  if (!entries.every(([, { class_type: type }]) => Object.hasOwn(definitions, type))) return false;
  const outputs = entries.filter(([, { class_type: type }]) => definitions[type]?.output_node);
  if (outputs.length === 0) return false;
  try {
    for (const [id] of outputs) demandNode(prompt, id, definitions);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

class Refusal extends Error {}

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Refusal(message);
}

function demandNode(prompt: Nodes, id: string, definitions: Definitions): void {
  const node = prompt[id];
  demand(node !== undefined, `no node ${id}`);
  const definition = definitions[node.class_type];
  demand(definition !== undefined, `no type ${node.class_type}`);
  for (const [name, [spec, required]] of inputsFor(definition.input, node.inputs, "")) {
    const value = node.inputs[name];
    if (value === undefined) {
      demand(!required, `${name} is missing`);
    } else if (Array.isArray(value)) {
      const [source, slot] = value as [string, number];
      const given = definitions[prompt[source]?.class_type ?? ""]?.output ?? [];
      demand(slot < given.length && slot >= -given.length, `no output ${slot}`);
      demand(typesMeet(given.at(slot), spec[0]), `${name} is of another type`);
      demandNode(prompt, source, definitions);
    } else {
      demandValue(name, value, spec);
    }
  }
}

type Spec = readonly [type: unknown, options?: Options];

/** Inputs by name for these values. Growing inputs and combos with sub-inputs are taken apart. */
function inputsFor(
  groups: Definition["input"],
  values: Specs,
  prefix: string,
): Map<string, [Spec, boolean]> {
  const found = new Map<string, [Spec, boolean]>();
  for (const [specs, required] of [
    [groups.required, true],
    [groups.optional, false],
  ] as const) {
    for (const [key, raw] of Object.entries(specs ?? {})) {
      const spec = raw as Spec;
      const [type, options = {}] = spec;
      const name = prefix + key;
      if (found.has(name)) continue;
      if (type === "COMFY_AUTOGROW_V3") {
        for (const [slot, entry] of slotsOf(name, options["template"] as Template)) {
          found.set(slot, entry);
        }
      } else if (type === "COMFY_DYNAMICCOMBO_V3") {
        // A choice that is not offered counts as no input at all.
        const choices = options["options"] as { key: unknown; inputs: Definition["input"] }[];
        const chosen = choices.find((choice) => choice.key === values[name]);
        if (!chosen) continue;
        found.set(name, [["any"], required]);
        for (const inner of inputsFor(chosen.inputs, values, `${name}.`)) found.set(...inner);
      } else {
        found.set(name, [spec, required]);
      }
    }
  }
  return found;
}

interface Template {
  readonly input: Definition["input"];
  readonly min?: number;
  readonly max?: number;
  readonly prefix?: string;
  readonly names?: readonly string[];
}

function* slotsOf(
  name: string,
  { input, min = 0, max = 0, prefix = "", names }: Template,
): Generator<[string, [Spec, boolean]]> {
  const required = Object.values(input.required ?? {})[0];
  const spec = (required ?? Object.values(input.optional ?? {})[0]) as Spec;
  const slots = names ?? Array.from({ length: max }, (_, index) => `${prefix}${index}`);
  for (const [index, slot] of slots.entries()) {
    yield [`${name}.${slot}`, [spec, required !== undefined && index < min]];
  }
}

const GENERIC = new Set<unknown>(["*", "COMFY_MATCHTYPE_V3"]);

/** Types are names, unions of names (`A,B`), or a combo's list of options. */
function typesMeet(given: unknown, wanted: unknown): boolean {
  if (GENERIC.has(given) || GENERIC.has(wanted)) return true;
  if (Array.isArray(given)) {
    return wanted === "COMBO" || JSON.stringify(given) === JSON.stringify(wanted);
  }
  const sorts = new Set(String(given).split(/\s*,\s*/));
  return String(wanted)
    .split(/\s*,\s*/)
    .some((sort) => sorts.has(sort));
}

function demandValue(name: string, value: unknown, [type, options = {}]: Spec): void {
  const offered = Array.isArray(type) ? type : type === "COMBO" ? options["options"] : undefined;
  if (offered !== undefined) {
    demand((offered as unknown[]).includes(value), `${name} has no such option`);
  } else if (type === "INT" || type === "FLOAT") {
    const number = Number(value);
    demand(typeof value !== "string" || value.trim() !== "", `${name} is no number`);
    demand(!Number.isNaN(number), `${name} is no number`);
    const { min = -Infinity, max = Infinity } = options as { min?: number; max?: number };
    demand(number >= min && number <= max, `${name} is out of range`);
  }
}
