/**
 * ComfyUI's conversion of a literal input: Python's `int()`, `float()`, `str()` and `bool()`.
 * A value that Python refuses gives Python's own sentence.
 */
import { pythonRepr, pythonStr, pythonTypeName } from "./python-text.ts";

export type Converted =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** Converts by input type; types other than the four pass through unchanged. */
export function convertValue(value: unknown, type: unknown): Converted {
  switch (type) {
    case "INT":
      return toInt(value);
    case "FLOAT":
      return toFloat(value);
    case "STRING":
      return converted(pythonStr(value));
    case "BOOLEAN":
      return converted(isTruthy(value));
    default:
      return converted(value);
  }
}

const converted = (value: unknown): Converted => ({ ok: true, value });
const refused = (reason: string): Converted => ({ ok: false, reason });

// Digits may be grouped by single underscores, in Python source as in int() and float().
const DIGITS = String.raw`\d+(?:_\d+)*`;
const INT_TEXT = new RegExp(String.raw`^[+-]?${DIGITS}$`);
const FLOAT_TEXT = new RegExp(
  String.raw`^[+-]?(?:${DIGITS}\.?(?:${DIGITS})?|\.${DIGITS})(?:e[+-]?${DIGITS})?$`,
  "i",
);
const INFINITE_TEXT = /^([+-]?)inf(?:inity)?$/i;
const NAN_TEXT = /^[+-]?nan$/i;

function toInt(value: unknown): Converted {
  if (typeof value === "number") {
    return Number.isFinite(value)
      ? converted(Math.trunc(value))
      : refused("cannot convert float infinity to integer");
  }
  if (typeof value === "boolean") return converted(Number(value));
  if (typeof value !== "string") {
    const type = pythonTypeName(value);
    return refused(
      `int() argument must be a string, a bytes-like object or a real number, not '${type}'`,
    );
  }
  const text = value.trim();
  return INT_TEXT.test(text)
    ? converted(Number(text.replaceAll("_", "")))
    : refused(`invalid literal for int() with base 10: ${pythonRepr(value)}`);
}

function toFloat(value: unknown): Converted {
  if (typeof value === "number") return converted(value);
  if (typeof value === "boolean") return converted(Number(value));
  if (typeof value !== "string") {
    const type = pythonTypeName(value);
    return refused(`float() argument must be a string or a real number, not '${type}'`);
  }
  const text = value.trim();
  if (FLOAT_TEXT.test(text)) return converted(Number(text.replaceAll("_", "")));
  const infinite = INFINITE_TEXT.exec(text);
  if (infinite) return converted(infinite[1] === "-" ? -Infinity : Infinity);
  if (NAN_TEXT.test(text)) return converted(NaN);
  return refused(`could not convert string to float: ${pythonRepr(value)}`);
}

function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
