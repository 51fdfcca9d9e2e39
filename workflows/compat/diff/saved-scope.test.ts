/** What a change means to the graphs at hand, and what they do not notice. */
import { describe, expect, test } from "vitest";
import type { Prompt } from "../../templates/index.ts";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import { diffObjectInfo } from "./diff-object-info.ts";

type Specs = Record<string, unknown>;

/** A source of everything, the node that changes, and takers of its outputs. */
const around = (node: Partial<NodeDefinition>): ObjectInfo => ({
  Source: { input: {}, output: ["IMAGE", "MASK", "INT"] },
  Node: { input: {}, output: ["IMAGE", "MASK"], output_name: ["image", "mask"], ...node },
  Image: { input: { required: { image: ["IMAGE", {}] } }, output: [], output_node: true },
  Any: { input: { required: { source: ["*", {}] } }, output: [], output_node: true },
});
const inputs = (required: Specs, optional: Specs = {}): ObjectInfo =>
  around({ input: { required, optional } });

const graph = (values: Specs, rest: Prompt = {}): Prompt => ({
  "1": { class_type: "Source", inputs: {} },
  "2": { class_type: "Node", inputs: values },
  ...rest,
});
const takes = (slot: number, classType: "Image" | "Any" = "Image"): Prompt => ({
  "3": {
    class_type: classType,
    inputs: { [classType === "Any" ? "source" : "image"]: ["2", slot] },
  },
});

const felt = (before: ObjectInfo, after: ObjectInfo, ...saved: Prompt[]): string[] =>
  diffObjectInfo(before, after, { scope: "saved", saved }).changes.map(
    ({ change, class: kind, input, output }) =>
      [change, kind, input ?? output].filter((part) => part !== undefined).join(" "),
  );

const STEPS = ["INT", { default: 5, min: 0, max: 9 }];
const steps = (options: Specs): ObjectInfo =>
  inputs({ steps: ["INT", { default: 5, ...options }] });
const combo = (...options: string[]): ObjectInfo => inputs({ mode: ["COMBO", { options }] });

describe("a stored graph notices", () => {
  test("no node type that it does not have", () => {
    const [before, after] = [around({}), around({})];
    const more = { ...before, Other: around({}).Node } as ObjectInfo;
    expect(felt(more, after, graph({}))).toEqual([]);
    expect(felt(before, more, graph({}))).toEqual([]);
    const other: Prompt = { 1: { class_type: "Other", inputs: {} } };
    expect(felt(more, after, other)).toEqual(["node-removed breaking"]);
  });

  test("a range when its own value falls out of it, and not otherwise", () => {
    const [before, after] = [steps({ min: 0, max: 9 }), steps({ min: 0, max: 6 })];
    expect(felt(before, after, graph({ steps: 6 }))).toEqual([]);
    expect(felt(before, after, graph({ steps: 7 }))).toEqual(["range-narrowed breaking steps"]);
    // What comes over a link ComfyUI does not check.
    expect(felt(before, after, graph({ steps: ["1", 2] }))).toEqual([]);
    expect(felt(after, before, graph({ steps: 7 }))).toEqual(["range-widened harmless steps"]);
  });

  test("the option that it has chosen", () => {
    const [before, after] = [combo("a", "b"), combo("a", "c")];
    expect(felt(before, after, graph({ mode: "a" }))).toEqual([]);
    expect(felt(before, after, graph({ mode: "b" }))).toEqual(["option-removed breaking mode"]);
    expect(felt(before, after, graph({ mode: "a" }), graph({ mode: "b" }))).toEqual([
      "option-removed breaking mode",
    ]);
  });

  test("a default only where it states no value", () => {
    const before = inputs({}, { steps: ["INT", { default: 5 }] });
    const after = inputs({}, { steps: ["INT", { default: 6 }] });
    expect(felt(before, after, graph({ steps: 5 }))).toEqual([]);
    expect(felt(before, after, graph({}))).toEqual(["default-changed behavioural steps"]);
  });

  test("an input that went only where it has it", () => {
    const [before, after] = [inputs({ steps: STEPS }), inputs({})];
    expect(felt(before, after, graph({}))).toEqual([]);
    expect(felt(before, after, graph({ steps: 1 }))).toEqual(["input-removed behavioural steps"]);
  });

  test("a type by what it links or holds there", () => {
    const before = inputs({ it: ["IMAGE,MASK,INT", {}] });
    const after = inputs({ it: ["IMAGE", {}] });
    expect(felt(before, after, graph({ it: ["1", 0] }))).toEqual([
      "input-type-changed harmless it",
    ]);
    expect(felt(before, after, graph({ it: ["1", 1] }))).toEqual([
      "input-type-changed breaking it",
    ]);
    const [whole, text] = [inputs({ it: ["INT", {}] }), inputs({ it: ["STRING", {}] })];
    expect(felt(whole, text, graph({ it: 5 }))).toEqual(["input-type-changed behavioural it"]);
    expect(felt(text, whole, graph({ it: "five" }))).toEqual(["input-type-changed breaking it"]);
  });

  test("an output that is gone or has moved only where it takes it", () => {
    const before = around({});
    const after = around({ output: ["MASK"], output_name: ["mask"] });
    expect(felt(before, after, graph({}))).toEqual([]);
    expect(felt(before, after, graph({}, takes(0)))).toEqual(["output-removed breaking 0"]);
    expect(felt(before, after, graph({}, takes(1, "Any")))).toEqual(["output-moved migratable 1"]);
    // As in Python, -1 is the last one.
    expect(felt(before, after, graph({}, takes(-1, "Any")))).toEqual(["output-moved migratable 1"]);
  });

  test("an output's type by whether its takers still fit", () => {
    const before = around({});
    const after = around({ output: ["LATENT", "MASK"] });
    expect(felt(before, after, graph({}, takes(0, "Any")))).toEqual(["output-retyped harmless 0"]);
    expect(felt(before, after, graph({}, takes(0)))).toEqual(["output-retyped breaking 0"]);
  });

  test("what a choice brings only where it has made that choice", () => {
    const choices = (size: Specs): ObjectInfo => {
      const options = [
        { key: "size", inputs: { required: size } },
        { key: "factor", inputs: {} },
      ];
      return inputs({ mode: ["COMFY_DYNAMICCOMBO_V3", { options }] });
    };
    const [before, after] = [choices({}), choices({ width: STEPS, mask: ["MASK", {}] })];
    expect(felt(before, after, graph({ mode: "factor" }))).toEqual([]);
    expect(felt(before, after, graph({ mode: "size" }))).toEqual([
      "input-added-required breaking mode.mask",
      "input-added-required migratable mode.width",
    ]);
  });

  test("a slot that is gone only where something is linked to it", () => {
    const images = (max: number): ObjectInfo => {
      const template = { input: { required: { i: ["IMAGE", {}] } }, prefix: "i", min: 1, max };
      return inputs({ images: ["COMFY_AUTOGROW_V3", { template }] });
    };
    const one = graph({ "images.i0": ["1", 0] });
    const three = graph({ "images.i0": ["1", 0], "images.i2": ["1", 0] });
    expect(felt(images(3), images(2), one)).toEqual([]);
    expect(felt(images(3), images(2), three)).toEqual(["slots-removed behavioural images"]);
  });

  test("nothing that only the editor notices", () => {
    const before = inputs({ steps: STEPS, flag: ["BOOLEAN", { default: false }] });
    const after = inputs({ flag: ["BOOLEAN", { default: false }], steps: STEPS });
    expect(diffObjectInfo(before, after).changes).toMatchObject([
      { change: "input-order-changed" },
    ]);
    expect(felt(before, after, graph({ steps: 1, flag: true }))).toEqual([]);
  });
});
