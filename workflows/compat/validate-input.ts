/** Judges one literal value of one input: conversion, range, membership. */
import { convertValue } from "./convert-value.ts";
import type { LiveInput } from "./dynamic-inputs.ts";
import { comboOptions } from "./object-info.ts";
import { pythonEquals, pythonRepr, pythonStr } from "./python-text.ts";
import type { InputError } from "./verdict.ts";

/** Longer lists of options are counted in the message, not written out (ComfyUI's own bound). */
const LONGEST_WRITTEN_LIST = 20;

/** How ComfyUI shows an input's definition in an error. */
export const inputConfig = ({ spec }: LiveInput): unknown => [spec.type, spec.options];

/** The first fault of the value, or undefined. `convertOnly`: the node judges the rest itself. */
export function validateValue(
  input: LiveInput,
  received: unknown,
  convertOnly: boolean,
): InputError | undefined {
  const value = unwrap(received);
  const conversion = convertValue(value, input.spec.type);
  if (!conversion.ok) {
    return {
      type: "invalid_input_type",
      message: `Failed to convert an input value to a ${pythonStr(input.spec.type)} value`,
      details: `${input.name}, ${pythonStr(value)}, ${conversion.reason}`,
      extra_info: {
        ...about(input, value),
        exception_message: conversion.reason,
      },
    };
  }
  if (convertOnly) return undefined;
  return rangeError(input, conversion.value) ?? membershipError(input, conversion.value);
}

/** A list as a literal comes as `{"__value__": [...]}`: a bare list is a link. */
function unwrap(value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "__value__")
    ? (value as Record<string, unknown>)["__value__"]
    : value;
}

const about = (input: LiveInput, value: unknown) => ({
  input_name: input.name,
  input_config: inputConfig(input),
  received_value: value,
});

function rangeError(input: LiveInput, value: unknown): InputError | undefined {
  if (typeof value !== "number") return undefined;
  const { min, max } = input.spec.options;
  const float = input.spec.type === "FLOAT";
  const write = (number: number): string => pythonRepr(number, float);
  if (typeof min === "number" && value < min) {
    return {
      type: "value_smaller_than_min",
      message: `Value ${write(value)} smaller than min of ${write(min)}`,
      details: input.name,
      extra_info: about(input, value),
    };
  }
  if (typeof max === "number" && value > max) {
    return {
      type: "value_bigger_than_max",
      message: `Value ${write(value)} bigger than max of ${write(max)}`,
      details: input.name,
      extra_info: about(input, value),
    };
  }
  return undefined;
}

function membershipError(input: LiveInput, value: unknown): InputError | undefined {
  const options = comboOptions(input.spec);
  if (!options || options.some((option) => pythonEquals(option, value))) return undefined;
  const long = options.length > LONGEST_WRITTEN_LIST;
  const list = long ? `(list of length ${options.length})` : pythonRepr(options);
  return {
    type: "value_not_in_list",
    message: "Value not in list",
    details: `${input.name}: '${pythonStr(value)}' not in ${list}`,
    extra_info: { ...about(input, value), ...(long && { input_config: null }) },
  };
}
