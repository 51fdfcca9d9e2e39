/** Ways in which another version may change a node's inputs, and what each is worth. */
import { listsFiles } from "../file-options.ts";
import { comboOptions, readInputSpec } from "../object-info.ts";
import type { NodeDefinition } from "../object-info.ts";
import type { MutationKind } from "./mutate.fixture.ts";

type Specs = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>>;

const NEW_INPUT = "mutated_input";
const NEW_CHOICE = { key: "mutated choice", inputs: {} };
/** Types whose stated default ComfyUI accepts, and whose widget holds one value. */
const PLAIN = new Set(["INT", "FLOAT", "STRING", "BOOLEAN"]);

interface Target {
  readonly node: string;
  readonly definition: NodeDefinition;
  readonly category: "required" | "optional";
  readonly name: string;
  readonly type: string;
  readonly options: Options;
  readonly choices: readonly unknown[] | undefined;
}

/** Every input of every node but those that list files. */
function targetsIn(nodes: readonly (readonly [string, NodeDefinition])[]): Target[] {
  return nodes.flatMap(([node, definition]) =>
    (["required", "optional"] as const).flatMap((category) =>
      Object.entries(definition.input[category] ?? {}).flatMap(([name, raw]) => {
        const spec = readInputSpec(raw);
        if (!spec || listsFiles(node, name, spec)) return [];
        const { options } = spec;
        const type = typeof spec.type === "string" ? spec.type : "COMBO";
        return [{ node, definition, category, name, type, options, choices: comboOptions(spec) }];
      }),
    ),
  );
}

/** The definition with other inputs, and `input_order` as ComfyUI would state it. */
export function withInputs(
  definition: NodeDefinition,
  { required = definition.input.required, optional = definition.input.optional },
): NodeDefinition {
  const input = {
    ...definition.input,
    ...(required && { required }),
    ...(optional && { optional }),
  };
  const order = Object.entries(input).map(([category, specs]) => [
    category,
    Object.keys((specs ?? {}) as Specs),
  ]);
  return { ...definition, input, input_order: Object.fromEntries(order) as unknown };
}

const withSpec = (target: Target, spec: unknown): NodeDefinition =>
  withInputs(target.definition, {
    [target.category]: { ...target.definition.input[target.category], [target.name]: spec },
  });

const without = (specs: Specs | undefined, name: string): Specs =>
  Object.fromEntries(Object.entries(specs ?? {}).filter(([key]) => key !== name));

const withOptions = (target: Target, options: Options): NodeDefinition =>
  withSpec(target, [target.type, { ...target.options, ...options }]);

const rangeOf = ({ type, options: { min, max } }: Target): [number, number] | undefined =>
  (type === "INT" || type === "FLOAT") &&
  typeof min === "number" &&
  typeof max === "number" &&
  max - min >= 2
    ? [min, max]
    : undefined;

/** Half the range: a JavaScript number next to a bound of 64 bits has no neighbour at 1. */
const stepOf = (target: Target): number => {
  const [min, max] = rangeOf(target) ?? [0, 2];
  return Math.floor((max - min) / 2);
};

export function inputMutations(
  nodes: readonly (readonly [string, NodeDefinition])[],
): readonly MutationKind[] {
  const inputs = targetsIn(nodes);
  const plain = inputs.filter(({ type }) => PLAIN.has(type));
  const ranged = plain.filter((target) => rangeOf(target));
  const combos = inputs.filter(({ choices }) => (choices?.length ?? 0) > 1);
  const dynamic = inputs.filter(({ type }) => type === "COMFY_DYNAMICCOMBO_V3");
  const growing = inputs.filter(
    ({ type, options }) => type === "COMFY_AUTOGROW_V3" && hasRequiredSlot(options),
  );
  const optional = inputs.filter(({ category }) => category === "optional");
  const isLink = ({ type, options }: Target): boolean =>
    /^[A-Z_]+$/.test(type) && !PLAIN.has(type) && type !== "COMBO" && !("default" in options);

  const added = (
    category: "required" | "optional",
    spec: unknown,
    what: string,
    kind: "breaking" | "migratable" | "harmless",
  ): MutationKind => ({
    targets: nodes.map(([node, definition]) => ({
      node,
      what: `${node} gets the ${category} input ${NEW_INPUT} ${what}`,
      mutate: () =>
        withInputs(definition, {
          [category]: { ...definition.input[category], [NEW_INPUT]: spec },
        }),
    })),
    expected: { change: `input-added-${category}`, class: kind },
  });

  const changed = (
    targets: readonly Target[],
    what: string,
    expected: MutationKind["expected"],
    mutate: (target: Target) => NodeDefinition,
  ): MutationKind => ({
    targets: targets.map((target) => ({
      node: target.node,
      what: `${target.node}.${target.name} ${what}`,
      mutate: () => mutate(target),
    })),
    expected,
  });

  const required = (target: Target): NodeDefinition =>
    withInputs(target.definition, {
      required: {
        ...target.definition.input.required,
        [target.name]: target.definition.input.optional?.[target.name],
      },
      optional: without(target.definition.input.optional, target.name),
    });

  return [
    added("required", ["IMAGE", {}], "without a default", "breaking"),
    added("required", ["BOOLEAN", { default: false }], "with a default", "migratable"),
    added(
      "required",
      ["COMFY_DYNAMICCOMBO_V3", { options: [NEW_CHOICE] }],
      "to choose",
      "breaking",
    ),
    added("optional", ["INT", { default: 1, min: 0, max: 9 }], "", "harmless"),
    changed(inputs, "goes", { change: "input-removed", class: "behavioural" }, (target) =>
      withInputs(target.definition, {
        [target.category]: without(target.definition.input[target.category], target.name),
      }),
    ),
    changed(
      optional.filter(isLink),
      "becomes required",
      { change: "input-became-required", class: "breaking" },
      required,
    ),
    changed(
      optional.filter(({ type, options }) => type === "BOOLEAN" && "default" in options),
      "becomes required with a default",
      { change: "input-became-required", class: "migratable" },
      required,
    ),
    changed(
      inputs.filter(
        ({ category, type }) => category === "required" && type !== "COMFY_AUTOGROW_V3",
      ),
      "becomes optional",
      { change: "input-became-optional", class: "harmless" },
      ({ definition, name }) =>
        withInputs(definition, {
          required: without(definition.input.required, name),
          optional: { ...definition.input.optional, [name]: definition.input.required?.[name] },
        }),
    ),
    changed(
      inputs.filter(({ type }) => !type.includes("*") && type !== "COMFY_MATCHTYPE_V3"),
      "is of another type",
      { change: "input-type-changed", class: "breaking" },
      (target) => withSpec(target, ["MUTATED_TYPE", {}]),
    ),
    changed(combos, "loses an option", { change: "option-removed", class: "breaking" }, (target) =>
      withOptions(target, { options: target.choices?.slice(0, -1) }),
    ),
    changed(combos, "gets an option", { change: "option-added", class: "harmless" }, (target) =>
      withOptions(target, { options: [...(target.choices ?? []), "mutated option"] }),
    ),
    changed(
      plain.filter(({ type, options }) => type === "BOOLEAN" && options["forceInput"] !== true),
      "has another default",
      { change: "default-changed", class: "behavioural" },
      (target) => withOptions(target, { default: target.options["default"] !== true }),
    ),
    changed(ranged, "takes less", { change: "range-narrowed", class: "behavioural" }, (target) =>
      withOptions(target, { max: (rangeOf(target)?.[1] ?? 0) - stepOf(target) }),
    ),
    changed(ranged, "takes more", { change: "range-widened", class: "behavioural" }, (target) =>
      withOptions(target, { min: (rangeOf(target)?.[0] ?? 0) - stepOf(target) }),
    ),
    changed(
      inputs.filter((target) => target === firstOfTwoWidgets(target, plain)),
      "goes behind the next widget",
      { change: "input-order-changed", class: "migratable" },
      (target) => withInputs(target.definition, { required: toEnd(target) }),
    ),
    changed(
      dynamic,
      "asks for more with its first choice",
      { change: "input-added-required", class: "breaking" },
      (target) => withOptions(target, { options: withInnerInput(target.options["options"]) }),
    ),
    changed(
      dynamic.filter(({ options }) => (options["options"] as readonly unknown[]).length > 1),
      "loses its first choice",
      { change: "option-removed", class: "breaking" },
      (target) =>
        withOptions(target, {
          options: (target.options["options"] as readonly unknown[]).slice(1),
        }),
    ),
    changed(
      growing,
      "has one slot less",
      { change: "slots-removed", class: "behavioural" },
      (target) => withOptions(target, { template: withSlots(target.options["template"], -1) }),
    ),
    changed(growing, "has one slot more", { change: "slots-added", class: "harmless" }, (target) =>
      withOptions(target, { template: withSlots(target.options["template"], 1) }),
    ),
    changed(
      growing,
      "needs one slot more",
      { change: "input-became-required", class: "breaking" },
      (target) => withOptions(target, { template: withHigherMinimum(target.options["template"]) }),
    ),
    changed(inputs, "is explained otherwise", undefined, (target) =>
      withOptions(
        { ...target, type: target.type },
        {
          tooltip: "mutated",
          // A list of options in the old notation moves into the options.
          ...(target.choices && { options: target.choices }),
        },
      ),
    ),
  ];
}

/** The first widget of a node that has another one behind it, both plain. */
function firstOfTwoWidgets({ node }: Target, plain: readonly Target[]): Target | undefined {
  const widgets = plain.filter(
    ({ node: other, category, options }) =>
      other === node && category === "required" && options["forceInput"] !== true,
  );
  return widgets.length > 1 ? widgets[0] : undefined;
}

const toEnd = ({ definition, name }: Target): Specs => ({
  ...without(definition.input.required, name),
  [name]: definition.input.required?.[name],
});

interface DynamicChoice {
  readonly inputs?: { readonly required?: Specs };
}

function withInnerInput(options: unknown): unknown {
  const [first, ...rest] = options as readonly DynamicChoice[];
  const required = { ...first?.inputs?.required, [NEW_INPUT]: ["IMAGE", {}] };
  return [{ ...first, inputs: { ...first?.inputs, required } }, ...rest];
}

interface Growing {
  readonly min?: number;
  readonly max?: number;
  readonly names?: readonly string[];
  readonly input?: { readonly required?: Specs };
}

const hasRequiredSlot = ({ template }: Options): boolean =>
  Object.keys((template as Growing).input?.required ?? {}).length > 0;

const withSlots = (template: unknown, more: 1 | -1): unknown => {
  const growing = template as Growing;
  const { names, max = 0 } = growing;
  if (!names) return { ...growing, max: max + more };
  return { ...growing, names: more > 0 ? [...names, "mutated_slot"] : names.slice(0, -1) };
};

const withHigherMinimum = (template: unknown): unknown => ({
  ...(template as Growing),
  min: ((template as Growing).min ?? 0) + 1,
});
