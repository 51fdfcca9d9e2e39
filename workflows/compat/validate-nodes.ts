/**
 * Walks from an output node up its links and judges every node once. The order and the nesting of
 * verdicts are ComfyUI's, where this is a recursion; here it is a stack of frames, so that a chain
 * of any length fits.
 */
import { liveInputs } from "./dynamic-inputs.ts";
import type { LiveInput } from "./dynamic-inputs.ts";
import {
  badLink,
  innerException,
  missingInput,
  outerException,
  typeMismatch,
} from "./input-errors.ts";
import type { NodeDefinition, ObjectInfo } from "./object-info.ts";
import { isUploadedFile, judgesItself, missingFile } from "./own-validation.ts";
import { atPythonIndex, missingKey, PythonException } from "./python-exception.ts";
import { slotTypesFit } from "./slot-types.ts";
import { validateValue } from "./validate-input.ts";
import type { InputError } from "./verdict.ts";

/** A prompt whose nodes all have a `class_type` that exists; `inputs` is whatever the client sent. */
export type CheckedPrompt = ReadonlyMap<
  string,
  { readonly classType: string; readonly inputs: unknown }
>;

/** A node's verdict: invalid without errors of its own when something upstream is at fault. */
export interface NodeVerdict {
  readonly valid: boolean;
  readonly errors: readonly InputError[];
}

interface Frame {
  readonly id: string;
  readonly classType: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly inputs: readonly LiveInput[];
  readonly errors: InputError[];
  next: number;
  valid: boolean;
}

export class NodeValidator {
  /** Nodes with errors of their own, in the order of their verdicts. Grows with every output. */
  readonly faulty: { readonly id: string; readonly errors: readonly InputError[] }[] = [];
  readonly #verdicts = new Map<string, NodeVerdict>();
  readonly #prompt: CheckedPrompt;
  readonly #objectInfo: ObjectInfo;
  readonly #fileExists: ((filename: string) => boolean) | undefined;
  readonly #open = new Set<string>();

  constructor(
    prompt: CheckedPrompt,
    objectInfo: ObjectInfo,
    fileExists: ((filename: string) => boolean) | undefined,
  ) {
    this.#prompt = prompt;
    this.#objectInfo = objectInfo;
    this.#fileExists = fileExists;
  }

  /** The verdict of an output node, after everything that it depends on. */
  validateOutput(id: string): NodeVerdict {
    if (!this.#verdicts.has(id)) this.#walk(id);
    return this.#verdicts.get(id) ?? { valid: true, errors: [] };
  }

  #walk(root: string): void {
    const frames: Frame[] = [];
    this.#open.clear();
    this.#attempt(root, frames, () => this.#enter(root, frames));
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const current = frame;
      this.#attempt(current.id, frames, () => this.#advance(current, frames));
    }
  }

  /**
   * Does something for a node. Where Python would raise, the rest of the node is not judged: it is
   * blamed under its own id by the input that led to it, and that consumer goes on.
   */
  #attempt(id: string, frames: Frame[], action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof PythonException)) throw error;
      if (frames.at(-1)?.id === id) this.#close(frames);
      const consumer = frames.at(-1);
      const input = consumer?.inputs[consumer.next];
      const blame =
        consumer && input
          ? innerException(error, input, consumer.values[input.name])
          : outerException(error);
      this.#settle(id, { valid: false, errors: [blame] });
    }
  }

  #enter(id: string, frames: Frame[]): void {
    const node = this.#node(id);
    const definition = this.#definition(node.classType);
    const values = inputValues(node.inputs);
    this.#open.add(id);
    frames.push({
      id,
      classType: node.classType,
      values,
      inputs: liveInputs(definition, values),
      errors: [],
      next: 0,
      valid: true,
    });
  }

  /** Judges inputs until one needs a node that is not judged yet, or the node is done. */
  #advance(frame: Frame, frames: Frame[]): void {
    while (frame.next < frame.inputs.length) {
      const input = frame.inputs[frame.next] as LiveInput;
      const source = this.#judge(frame, input);
      if (source === undefined) {
        frame.next += 1;
      } else {
        const verdict = this.#verdicts.get(source);
        if (!verdict && !this.#open.has(source)) {
          this.#attempt(source, frames, () => this.#enter(source, frames));
          return;
        }
        // A node that is open further down the stack closes a cycle: nobody is to blame alone.
        if (!verdict?.valid) frame.valid = false;
        frame.next += 1;
      }
    }
    this.#settle(frame.id, {
      valid: frame.valid && frame.errors.length === 0,
      errors: frame.errors,
    });
    this.#close(frames);
  }

  #settle(id: string, verdict: NodeVerdict): void {
    this.#verdicts.set(id, verdict);
    if (verdict.errors.length > 0) this.faulty.push({ id, errors: verdict.errors });
  }

  #close(frames: Frame[]): void {
    const closed = frames.pop();
    if (closed) this.#open.delete(closed.id);
  }

  /** Records the input's error, if any. Returns the node that a good link comes from. */
  #judge(frame: Frame, input: LiveInput): string | undefined {
    if (!Object.hasOwn(frame.values, input.name)) {
      if (input.required) frame.errors.push(missingInput(input, this.#isV3(frame.classType)));
      return undefined;
    }
    const value = frame.values[input.name];
    if (!Array.isArray(value)) {
      const error =
        validateValue(input, value, judgesItself(frame.classType, input)) ??
        this.#uploadError(frame.classType, input, value);
      if (error) frame.errors.push(error);
      return undefined;
    }
    if (value.length !== 2) {
      frame.errors.push(badLink(input, value));
      return undefined;
    }
    const [source, slot] = value as unknown[];
    if (typeof source !== "string") throw missingKey(source);
    const { classType } = this.#node(source);
    const received = atPythonIndex(
      this.#definition(classType).output,
      slot,
      this.#isV3(classType) ? "list" : "tuple",
    );
    if (slotTypesFit(received, input.spec.type)) return source;
    frame.errors.push(typeMismatch(input, received, value));
    return undefined;
  }

  #uploadError(classType: string, input: LiveInput, value: unknown): InputError | undefined {
    if (!this.#fileExists || typeof value !== "string") return undefined;
    if (!isUploadedFile(classType, input) || this.#fileExists(value)) return undefined;
    return missingFile(classType, input, value);
  }

  #node(id: string) {
    const node = this.#prompt.get(id);
    if (!node) throw missingKey(id);
    return node;
  }

  #definition(classType: string): NodeDefinition {
    const definition = this.#objectInfo[classType];
    if (!definition) throw missingKey(classType);
    return definition;
  }

  /** Only V3 nodes always state all three; nothing else in object_info tells them apart. */
  #isV3(classType: string): boolean {
    const definition = this.#definition(classType);
    return ["deprecated", "experimental", "api_node"].every((key) =>
      Object.hasOwn(definition, key),
    );
  }
}

/** The `inputs` of a node as Python would look names up in it. */
function inputValues(inputs: unknown): Readonly<Record<string, unknown>> {
  if (inputs === undefined) throw missingKey("inputs");
  if (inputs === null || typeof inputs === "number" || typeof inputs === "boolean") {
    const type = inputs === null ? "NoneType" : typeof inputs === "number" ? "int" : "bool";
    throw new PythonException("TypeError", `argument of type '${type}' is not iterable`);
  }
  // A list or a text has no names in it: every required input counts as missing.
  return typeof inputs === "object" && !Array.isArray(inputs)
    ? (inputs as Record<string, unknown>)
    : {};
}
