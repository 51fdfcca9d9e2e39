/** What validation says: the JSON of ComfyUI's `POST /prompt`, error by error. */

/** One fault of one input. `extra_info` is what ComfyUI's editor uses to mark the input. */
export interface InputError {
  readonly type:
    | "required_input_missing"
    | "bad_linked_input"
    | "return_type_mismatch"
    | "invalid_input_type"
    | "value_smaller_than_min"
    | "value_bigger_than_max"
    | "value_not_in_list"
    | "custom_validation_failed"
    | "exception_during_inner_validation"
    | "exception_during_validation";
  readonly message: string;
  readonly details: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
}

/** The faults of one node, and the outputs that do not run because of them. */
export interface NodeError {
  readonly errors: readonly InputError[];
  readonly dependent_outputs: readonly string[];
  readonly class_type: string;
}

/** By node id. Empty when all is well. */
export type NodeErrors = Readonly<Record<string, NodeError>>;

/** The `error` of a refused prompt; the frontend shows "message: details". */
export interface PromptError {
  readonly type:
    "no_prompt" | "invalid_prompt" | "prompt_no_outputs" | "prompt_outputs_failed_validation";
  readonly message: string;
  readonly details: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
}

/**
 * `ok` when at least one output can run: `outputs` are those ids, in the prompt's order, and
 * `nodeErrors` tells why the others do not. Not `ok` is ComfyUI's 400.
 */
export type PromptVerdict =
  | { readonly ok: true; readonly outputs: string[]; readonly nodeErrors: NodeErrors }
  | { readonly ok: false; readonly error: PromptError; readonly nodeErrors: NodeErrors };
