/** Values of combos that have another name in the newer version. */
import { comboOptions } from "../object-info.ts";
import type { InputSpec } from "../object-info.ts";
import { lookUp } from "./renames.ts";
import type { NodeRenames } from "./renames.ts";

/** The new name of a value that the combo no longer has; undefined when there is nothing to rename. */
export function renamedOption(
  renames: NodeRenames | undefined,
  input: string,
  spec: InputSpec,
  value: unknown,
): string | undefined {
  const options = optionsOf(spec);
  if (!options || typeof value !== "string" || options.includes(value)) return undefined;
  const renamed = lookUp(lookUp(renames?.options, input), value);
  return renamed !== undefined && options.includes(renamed) ? renamed : undefined;
}

function optionsOf(spec: InputSpec): readonly unknown[] | undefined {
  if (spec.type !== "COMFY_DYNAMICCOMBO_V3") return comboOptions(spec);
  const options: unknown = spec.options["options"];
  return Array.isArray(options)
    ? options.map((option: unknown) => (option as { key?: unknown } | null)?.key)
    : undefined;
}
