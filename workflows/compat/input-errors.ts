/** ComfyUI's sentences about an input as a whole; those about its value are in `validate-input.ts`. */
import type { LiveInput } from "./dynamic-inputs.ts";
import type { PythonException } from "./python-exception.ts";
import { pythonStr } from "./python-text.ts";
import { inputConfig } from "./validate-input.ts";
import type { InputError } from "./verdict.ts";

export const missingInput = ({ name }: LiveInput, v3: boolean): InputError => ({
  type: "required_input_missing",
  message: "Required input is missing",
  details: v3 ? name.slice(name.lastIndexOf(".") + 1) : name,
  extra_info: { input_name: name },
});

export const badLink = (input: LiveInput, received: unknown): InputError => ({
  type: "bad_linked_input",
  message: "Bad linked input, must be a length-2 list of [node_id, slot_index]",
  details: input.name,
  extra_info: {
    input_name: input.name,
    input_config: inputConfig(input),
    received_value: received,
  },
});

export function typeMismatch(input: LiveInput, received: unknown, link: unknown): InputError {
  const types = `received_type(${pythonStr(received)}) mismatch input_type(${pythonStr(input.spec.type)})`;
  return {
    type: "return_type_mismatch",
    message: "Return type mismatch between linked nodes",
    details: `${input.name}, ${types}`,
    extra_info: {
      input_name: input.name,
      input_config: inputConfig(input),
      received_type: received,
      linked_node: link,
    },
  };
}

export function innerException(
  error: PythonException,
  input: LiveInput,
  link: unknown,
): InputError {
  return {
    type: "exception_during_inner_validation",
    message: "Exception when validating inner node",
    details: error.message,
    extra_info: {
      input_name: input.name,
      input_config: inputConfig(input),
      exception_message: error.message,
      exception_type: error.type,
      traceback: [],
      linked_node: link,
    },
  };
}

export const outerException = (error: PythonException): InputError => ({
  type: "exception_during_validation",
  message: "Exception when validating node",
  details: error.message,
  extra_info: { exception_type: error.type, traceback: [] },
});
