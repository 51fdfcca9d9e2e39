/** Renames a node's inputs and values, and fills in what the newer version requires. */
import { orderedInputs, visitWidgets } from "../convert/widgets.ts";
import type { Widget } from "../convert/widgets.ts";
import { liveInputs } from "../dynamic-inputs.ts";
import type { LiveInput } from "../dynamic-inputs.ts";
import type { NodeDefinition } from "../object-info.ts";
import { validateValue } from "../validate-input.ts";
import type { MigrationChange } from "./migration.ts";
import { renamedOption } from "./rename-value.ts";
import type { NodeRenames } from "./renames.ts";

type Inputs = Readonly<Record<string, unknown>>;
export type Report = (change: Pick<MigrationChange, "kind" | "input" | "detail">) => void;

/** A choice may bring inputs that bring inputs; more rounds than that are no node. */
const MOST_ROUNDS = 16;

/** Both return the same object when nothing changes. */
export function renameInNode(
  inputs: Inputs,
  definition: NodeDefinition,
  renames: NodeRenames | undefined,
  report: Report,
): Inputs {
  return renameOptions(
    renameInputs(inputs, definition, renames, report),
    definition,
    renames,
    report,
  );
}

/** A default may be a choice that brings inputs, whose options may have been renamed. */
export function fillInputs(
  inputs: Inputs,
  definition: NodeDefinition,
  renames: NodeRenames | undefined,
  report: Report,
): Inputs {
  let current = inputs;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = current;
    current = fillDefaults(current, definition, report);
    current = renameOptions(current, definition, renames, report);
    if (current === before) break;
  }
  return current;
}

function renameInputs(
  inputs: Inputs,
  definition: NodeDefinition,
  renames: NodeRenames | undefined,
  report: Report,
): Inputs {
  let current = inputs;
  for (const [from, to] of Object.entries(renames?.inputs ?? {})) {
    const live = new Set(liveInputs(definition, current).map(({ name }) => name));
    const renamable = Object.hasOwn(current, from) && !live.has(from) && live.has(to);
    if (!renamable || Object.hasOwn(current, to)) continue;
    current = Object.fromEntries(
      Object.entries(current).map(([name, value]) => [name === from ? to : name, value]),
    );
    report({
      kind: "input-renamed",
      input: to,
      detail: `The input "${from}" is now called "${to}".`,
    });
  }
  return current;
}

function renameOptions(
  inputs: Inputs,
  definition: NodeDefinition,
  renames: NodeRenames | undefined,
  report: Report,
): Inputs {
  if (!renames?.options) return inputs;
  let current = inputs;
  const widgets: Widget[] = [];
  visitWidgets(orderedInputs(definition), (widget) => {
    widgets.push(widget);
    return inputs[widget.name];
  });
  for (const { name, spec } of widgets) {
    if (!Object.hasOwn(inputs, name)) continue;
    const renamed = renamedOption(renames, name, spec, inputs[name]);
    if (renamed === undefined) continue;
    current = { ...current, [name]: renamed };
    report({
      kind: "option-renamed",
      input: name,
      detail: `"${String(inputs[name])}" of "${name}" is now called "${renamed}".`,
    });
  }
  return current;
}

function fillDefaults(inputs: Inputs, definition: NodeDefinition, report: Report): Inputs {
  let current = inputs;
  for (const input of liveInputs(definition, inputs)) {
    if (!input.required || Object.hasOwn(inputs, input.name)) continue;
    const value = validDefault(input);
    if (value === undefined) continue;
    current = { ...current, [input.name]: value };
    report({ kind: "default-filled", input: input.name, detail: filled(input.name, value) });
  }
  return current;
}

export const filled = (name: string, value: unknown): string =>
  `The input "${name}" was missing and now has its default, ${JSON.stringify(value)}.`;

/** Only what the definition states: a guessed value would make another picture without a word. */
function validDefault(input: LiveInput): unknown {
  const stated = input.spec.options["default"];
  if (stated === undefined || stated === null) return undefined;
  const value = Array.isArray(stated) ? { __value__: stated } : stated;
  return validateValue(input, value, false) ? undefined : value;
}
