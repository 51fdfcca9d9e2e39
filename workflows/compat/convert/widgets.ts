/**
 * Which inputs of a node the editor shows as widgets, in which order it writes their values down,
 * and what a widget holds before anybody has touched it. Taken from how frontend 1.36 and 1.37
 * behave; the end-to-end test `graph-conversion.test.ts` compares with the editor itself.
 */
import { comboOptions, readInputSpec } from "../object-info.ts";
import type { InputSpec, NodeDefinition } from "../object-info.ts";

/** Shows two pictures; its value holds their places. */
const IMAGE_COMPARE = "IMAGECOMPARE";

/** Types that are widgets, besides combos. */
const WIDGET_TYPES = new Set([
  "INT",
  "FLOAT",
  "STRING",
  "BOOLEAN",
  "COLOR",
  "TEXTAREA",
  IMAGE_COMPARE,
]);

/** Types whose widget makes its value in the browser, while the graph is sent. */
const EDITOR_ONLY_TYPES = new Set(["AUDIO_RECORD", "LOAD_3D", "LOAD_3D_ANIMATION", "WEBCAM"]);

/** Integers of these names change after each run even if their definition does not say so. */
const SEEDS = new Set(["seed", "noise_seed"]);

/** What `control_after_generate` may hold. */
export const CONTROL_VALUES: readonly unknown[] = [
  "fixed",
  "increment",
  "decrement",
  "randomize",
  "increment-wrap",
  // As very old graphs wrote it.
  true,
  false,
];

/** Combos inside combos: deeper is no node that anybody ships. */
const MAX_DEPTH = 8;

/** One input of a node's definition, in the order in which the editor lays it out. */
export interface Input {
  readonly name: string;
  readonly spec: InputSpec;
  readonly required: boolean;
}

/** A widget, and with `controls` how many values of its companions follow its own. */
export interface Widget extends Input {
  readonly controls: number;
  readonly editorOnly: boolean;
}

/** Required inputs, then optional ones, as listed by `input_order` where the definition has one. */
export function orderedInputs(definition: NodeDefinition): readonly Input[] {
  const order = asRecord(definition["input_order"]);
  return inputsOf(definition.input, order, "");
}

function inputsOf(groups: Specs, order: Specs, prefix: string): Input[] {
  return (["required", "optional"] as const).flatMap((category) => {
    const specs = asRecord(groups[category]);
    const first = Array.isArray(order[category]) ? order[category].map(String) : [];
    const names = new Set([
      ...first.filter((name) => Object.hasOwn(specs, name)),
      ...Object.keys(specs),
    ]);
    return [...names].flatMap((name) => {
      const spec = readInputSpec(specs[name]);
      return spec ? [{ name: prefix + name, spec, required: category === "required" }] : [];
    });
  });
}

/** The widget of an input; undefined when the input is a socket only. */
export function widgetOf(input: Input): Widget | undefined {
  const { spec } = input;
  if (spec.options["forceInput"] === true) return undefined;
  const { widgetType } = spec.options;
  const type = typeof widgetType === "string" ? widgetType : spec.type;
  const editorOnly = typeof type === "string" && EDITOR_ONLY_TYPES.has(type);
  const combo = isCombo(spec);
  if (!combo && !editorOnly && !WIDGET_TYPES.has(String(type))) return undefined;
  return { ...input, controls: controlsOf(input, combo), editorOnly };
}

function controlsOf({ name, spec }: Input, combo: boolean): number {
  const stated = spec.options["control_after_generate"];
  const seed = spec.type === "INT" && SEEDS.has(lastPart(name));
  const controlled = stated === undefined || stated === null ? seed : Boolean(stated);
  if (!controlled) return 0;
  // A combo also gets a filter for its options.
  return combo ? 2 : 1;
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

const isCombo = (spec: InputSpec): boolean =>
  spec.type === "COMFY_DYNAMICCOMBO_V3" || comboOptions(spec) !== undefined;

/** What the editor puts into a new widget; undefined for a combo without options. */
export function initialValue({ spec }: Input): unknown {
  const stated = spec.options["default"];
  if (spec.type === "COMFY_DYNAMICCOMBO_V3") return choices(spec)[0]?.["key"];
  const options = comboOptions(spec);
  // Another than the editor's `??`: an empty default of a combo counts as none.
  if (options) return stated || options[0];
  if (stated !== undefined && stated !== null) return stated;
  if (spec.type === "INT" || spec.type === "FLOAT") return 0;
  if (spec.type === IMAGE_COMPARE) return ["", ""];
  return spec.type === "BOOLEAN" ? false : "";
}

/** The inputs that a choice in a combo with sub-inputs brings, named `combo.inner`. */
export function chosenInputs({ name, spec }: Input, choice: unknown): readonly Input[] {
  if (spec.type !== "COMFY_DYNAMICCOMBO_V3") return [];
  const chosen = choices(spec).find((option) => option["key"] === choice);
  return chosen ? inputsOf(asRecord(chosen["inputs"]), {}, `${name}.`) : [];
}

/** Whether the value is one of a combo with sub-inputs. */
export const isChoice = (spec: InputSpec, value: unknown): boolean =>
  choices(spec).some((option) => option["key"] === value);

const choices = (spec: InputSpec): Specs[] =>
  Array.isArray(spec.options["options"]) ? spec.options["options"].map(asRecord) : [];

/**
 * Visits the widgets in the order of their values. `visit` says what the widget holds, since a
 * choice decides which widgets follow.
 */
export function visitWidgets(
  inputs: readonly Input[],
  visit: (widget: Widget) => unknown,
  depth = 0,
): void {
  if (depth > MAX_DEPTH) return;
  for (const input of inputs) {
    const widget = widgetOf(input);
    if (widget) visitWidgets(chosenInputs(widget, visit(widget)), visit, depth + 1);
  }
}

type Specs = Readonly<Record<string, unknown>>;

const asRecord = (value: unknown): Specs =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Specs) : {};
