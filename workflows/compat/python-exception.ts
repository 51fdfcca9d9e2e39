/**
 * Faults of a prompt that ComfyUI does not foresee: its Python code raises, and the exception's
 * text goes into the answer. Clients show that text, so it is the same here. The traceback, which
 * would name the server's paths, is always an empty list.
 */
import { pythonRepr, pythonTypeName } from "./python-text.ts";

export class PythonException extends Error {
  /** Python's class name, `KeyError`. */
  readonly type: "KeyError" | "IndexError" | "TypeError";

  constructor(type: PythonException["type"], message: string) {
    super(message);
    this.type = type;
  }
}

/** `mapping[key]` for a key that is not there; or one that can't be a key. */
export function missingKey(key: unknown): PythonException {
  return typeof key === "object" && key !== null
    ? new PythonException("TypeError", `unhashable type: '${pythonTypeName(key)}'`)
    : new PythonException("KeyError", pythonRepr(key));
}

/**
 * `sequence[index]` with Python's negative indices. Throws what Python throws; `kind` is the
 * sequence's Python type: old nodes declare their outputs as a tuple, V3 nodes as a list.
 */
export function atPythonIndex<Item>(
  sequence: readonly Item[],
  index: unknown,
  kind: "tuple" | "list",
): Item {
  if (typeof index !== "boolean" && !Number.isInteger(index)) {
    const type = pythonTypeName(index);
    throw new PythonException(
      "TypeError",
      `${kind} indices must be integers or slices, not ${type}`,
    );
  }
  const item = sequence.at(Number(index));
  if (item === undefined) throw new PythonException("IndexError", `${kind} index out of range`);
  return item;
}
