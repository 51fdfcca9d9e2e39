import { expect, test } from "vitest";
import { convertValue } from "./convert-value.ts";
import { pythonRepr } from "./python-text.ts";

// Expected texts were printed by CPython 3.11.
test.each([
  [99, true, "99.0"],
  [0.05, true, "0.05"],
  [1e-7, true, "1e-07"],
  [1e16, true, "1e+16"],
  [1.5e300, false, "1.5e+300"],
  [18446744073709552000, false, "18446744073709551616"],
  [-0, true, "-0.0"],
  [true, false, "True"],
  [null, false, "None"],
  ["it's", false, `"it's"`],
  [`both ' and "`, false, `'both \\' and "'`],
  ["line\nbreak\u0000", false, "'line\\nbreak\\x00'"],
  [["a", 1, [false]], false, "['a', 1, [False]]"],
  [{ a: { b: null } }, false, "{'a': {'b': None}}"],
])("repr of %j (float: %s) is %s", (value, float, text) => {
  expect(pythonRepr(value, float)).toBe(text);
});

test.each([
  ["FLOAT", "1_0.5e1", 105],
  ["FLOAT", " -.5 ", -0.5],
  ["FLOAT", "-Infinity", -Infinity],
  ["FLOAT", true, 1],
  ["INT", -3.9, -3],
  ["STRING", false, "False"],
  ["STRING", null, "None"],
  ["STRING", { a: 1 }, "{'a': 1}"],
  ["BOOLEAN", "false", true],
  ["BOOLEAN", {}, false],
  ["IMAGE", "untouched", "untouched"],
])("%s of %j is %j", (type, value, expected) => {
  expect(convertValue(value, type)).toEqual({ ok: true, value: expected });
});

test.each([
  ["FLOAT", "1,5", "could not convert string to float: '1,5'"],
  ["FLOAT", null, "float() argument must be a string or a real number, not 'NoneType'"],
  ["INT", "", "invalid literal for int() with base 10: ''"],
  ["INT", Infinity, "cannot convert float infinity to integer"],
  ["INT", "1__0", "invalid literal for int() with base 10: '1__0'"],
])("%s of %j is refused: %s", (type, value, reason) => {
  expect(convertValue(value, type)).toEqual({ ok: false, reason });
});
