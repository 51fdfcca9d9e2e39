/** What the table of renames does to a comparison. What it does to graphs: migrate-prompt.test.ts. */
import { describe, expect, test } from "vitest";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import { capturedVersions, loadObjectInfo } from "../object-info.ts";
import { diffObjectInfo } from "./diff-object-info.ts";
import { renames as ownRenames, renameTableSchema } from "./renames.ts";
import type { NodeRenames } from "./renames.ts";

const source = "made up for this test";
const INT = ["INT", { default: 1, min: 0, max: 9 }];
const node = (required: Record<string, unknown>, outputs = ["A"]): ObjectInfo => ({
  Node: { input: { required }, output: outputs, output_name: outputs } satisfies NodeDefinition,
});
const diff = (before: ObjectInfo, after: ObjectInfo, table: Omit<NodeRenames, "source">) =>
  diffObjectInfo(before, after, { renames: { Node: { source, ...table } } }).changes.map(
    ({ change, class: kind, input, output }) =>
      [change, kind, input ?? output].filter((part) => part !== undefined).join(" "),
  );

describe("a rename in the table", () => {
  test("turns what went and what came into one migratable change", () => {
    const [before, after] = [node({ old: INT }), node({ new: INT })];
    expect(diff(before, after, {})).toEqual([
      "input-order-changed migratable",
      "input-added-required migratable new",
      "input-removed behavioural old",
    ]);
    expect(diff(before, after, { inputs: { old: "new" } })).toEqual([
      "input-renamed migratable old",
    ]);
  });

  test("still compares the two", () => {
    const [before, after] = [node({ old: INT }), node({ new: ["IMAGE", {}] })];
    expect(diff(before, after, { inputs: { old: "new" } })).toEqual([
      "input-lost-widget breaking old",
      "input-type-changed breaking old",
      "input-renamed migratable old",
    ]);
  });

  test("does not count while the old name is there, or the new one is not", () => {
    const both = node({ old: INT, new: INT });
    expect(diff(node({ old: INT }), both, { inputs: { old: "new" } })).toEqual([
      "input-added-required migratable new",
    ]);
    expect(diff(both, node({ new: INT }), { inputs: { old: "new" } })).toContain(
      "input-removed behavioural old",
    );
    expect(diff(node({ old: INT }), node({}), { inputs: { old: "new" } })).toEqual([
      "input-removed behavioural old",
    ]);
    const combo = (...options: string[]): ObjectInfo => node({ mode: ["COMBO", { options }] });
    const options = { mode: { b: "c" } };
    expect(diff(combo("a", "b"), combo("a"), { options })).toEqual([
      "option-removed breaking mode",
    ]);
    expect(diff(combo("a", "b", "c"), combo("a", "c"), { options })).toEqual([
      "option-removed breaking mode",
    ]);
  });

  test("finds an output again that has moved too", () => {
    const [before, after] = [node({}, ["A", "B"]), node({}, ["B2", "A"])];
    expect(diff(before, after, { outputs: { B: "B2" } })).toEqual([
      "output-retyped breaking 1",
      "output-moved migratable 0",
      "output-moved migratable 1",
    ]);
  });

  test("is found by the name of an inner input, and a stranger's name finds none", () => {
    const choice = (name: string): ObjectInfo => {
      const options = [{ key: "k", inputs: { required: { [name]: INT } } }];
      return node({ mode: ["COMFY_DYNAMICCOMBO_V3", { options }] });
    };
    expect(diff(choice("old"), choice("new"), { inputs: { "mode.old": "mode.new" } })).toEqual([
      "input-renamed migratable mode.old",
    ]);
    expect(diff(node({ constructor: INT }), node({}), {})).toEqual([
      "input-removed behavioural constructor",
    ]);
  });
});

describe("the table", () => {
  test("says where each entry comes from", () => {
    expect(renameTableSchema.safeParse({ Node: { inputs: { old: "new" } } }).success).toBe(false);
    expect(renameTableSchema.safeParse({ Node: { source, inputs: { a: "b" } } }).success).toBe(
      true,
    );
    expect(renameTableSchema.safeParse({ Node: { source, nodes: {} } }).success).toBe(false);
  });

  test("of the project names only nodes that a captured version has", () => {
    const known = new Set(
      capturedVersions().flatMap((version) => Object.keys(loadObjectInfo(version))),
    );
    expect(Object.keys(ownRenames).filter((name) => !known.has(name))).toEqual([]);
  });
});
