/**
 * Python's `str`, `repr` and `type().__name__` of values that came out of JSON: ComfyUI's messages
 * quote values that way, and clients show and search those messages.
 */

/**
 * `repr(value)`. A whole number prints as an int unless `float` says that Python holds a float.
 * Precondition: nesting is bounded by the caller.
 */
export function pythonRepr(value: unknown, float = false): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return pythonNumber(value, float);
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map((item) => pythonRepr(item)).join(", ")}]`;
  const entries = Object.entries(value).map(([key, item]) => `${quote(key)}: ${pythonRepr(item)}`);
  return `{${entries.join(", ")}}`;
}

/** `str(value)`: a string as it is, everything else as `repr`. */
export function pythonStr(value: unknown, float = false): string {
  return typeof value === "string" ? value : pythonRepr(value, float);
}

/** `type(value).__name__`. */
export function pythonTypeName(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "string") return "str";
  return Array.isArray(value) ? "list" : "dict";
}

/** `a == b` in Python: 1, 1.0 and True are equal; lists and dicts compare by content. */
export function pythonEquals(a: unknown, b: unknown): boolean {
  const left = typeof a === "boolean" ? Number(a) : a;
  const right = typeof b === "boolean" ? Number(b) : b;
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  return pythonRepr(left) === pythonRepr(right);
}

/** Floats below this in magnitude, or from 1e16 on, are printed with an exponent (CPython, `float_repr_style` short). */
const EXPONENT_BELOW = 1e-4;
const EXPONENT_FROM = 1e16;

function pythonNumber(value: number, float: boolean): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  // JSON numbers this large are written with an exponent, which Python reads as a float.
  if (Number.isInteger(value) && !float && size < 1e21) return BigInt(value).toString();
  if (size !== 0 && (size < EXPONENT_BELOW || size >= EXPONENT_FROM)) {
    // JavaScript writes 1e-7 where Python writes 1e-07.
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\\n\r\t]|\p{Cc}|\p{Cs}/gu, escapeCharacter);
  return mark + (mark === "'" ? body.replaceAll("'", "\\'") : body) + mark;
}

function escapeCharacter(character: string): string {
  const short = ESCAPES[character];
  if (short) return short;
  const code = character.charCodeAt(0);
  return code > 0xff ? `\\u${hex(code, 4)}` : `\\x${hex(code, 2)}`;
}

const hex = (code: number, width: number): string => code.toString(16).padStart(width, "0");
