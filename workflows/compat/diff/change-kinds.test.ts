/** Each kind of change in each class that it can have, on a node made for it. */
import { describe, expect, test } from "vitest";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import { changeClassSchema, changeKindSchema } from "./change.ts";
import { diffObjectInfo } from "./diff-object-info.ts";
import type { DiffOptions } from "./diff-object-info.ts";
import type { RenameTable } from "./renames.ts";

type Specs = Record<string, unknown>;

const node = (
  required: Specs,
  rest: { optional?: Specs; outputs?: Record<string, unknown> } & Specs = {},
): NodeDefinition => {
  const { optional, outputs = { IMAGE: "IMAGE" }, ...others } = rest;
  return {
    input: { required, ...(optional && { optional }) },
    output: Object.values(outputs) as string[],
    output_name: Object.keys(outputs),
    ...others,
  };
};

/** Some other node, or an object_info without the node would be empty. */
const bystander = { Bystander: node({}) };
const objectInfo = (definition: NodeDefinition | undefined): ObjectInfo => ({
  ...bystander,
  ...(definition && { Node: definition }),
});

const plain = node({});
const withInput = (spec: unknown): NodeDefinition => node({ it: spec });
const combo = (...options: string[]): NodeDefinition => withInput(["COMBO", { options }]);
const dynamic = (choices: Record<string, Specs>, required = true): NodeDefinition => {
  const options = Object.entries(choices).map(([key, inner]) => ({
    key,
    inputs: { required: inner },
  }));
  const spec = ["COMFY_DYNAMICCOMBO_V3", { options }];
  return required ? withInput(spec) : node({}, { optional: { it: spec } });
};
const growing = (template: Specs): NodeDefinition => withInput(["COMFY_AUTOGROW_V3", { template }]);
const images = (min: number, max: number, type = "IMAGE"): NodeDefinition =>
  growing({ input: { required: { image: [type, {}] } }, prefix: "image", min, max });
const outputs = (given: Record<string, unknown>, rest: Specs = {}): NodeDefinition =>
  node({}, { outputs: given, ...rest });

interface Case {
  readonly title: string;
  readonly before: NodeDefinition | undefined;
  readonly after: NodeDefinition | undefined;
  /** `kind class input-or-output`, a line for each change. */
  readonly changes: readonly string[];
  readonly renames?: RenameTable["Node"];
}

const renamed = (table: Omit<RenameTable[string], "source">): RenameTable["Node"] => ({
  source: "made up for this test",
  ...table,
});

const INT = ["INT", { default: 1, min: 0, max: 9 }];
const FLAG = ["BOOLEAN", { default: false }];

const cases: readonly Case[] = [
  { title: "a node goes", before: plain, after: undefined, changes: ["node-removed breaking"] },
  { title: "a node comes", before: undefined, after: plain, changes: ["node-added harmless"] },
  {
    title: "a node moves in the menu and is deprecated",
    before: node({}, { category: "image" }),
    after: node({}, { category: "old", deprecated: true }),
    changes: ["node-settings-changed harmless"],
  },
  {
    title: "a node is no output node any more",
    before: node({}, { output_node: true }),
    after: node({}, { output_node: false }),
    changes: ["output-node-changed breaking"],
  },
  {
    title: "a node becomes an output node",
    before: plain,
    after: node({}, { output_node: true }),
    changes: ["output-node-changed behavioural"],
  },

  {
    title: "a link is required that was not there",
    before: plain,
    after: withInput(["IMAGE", {}]),
    changes: ["input-added-required breaking it"],
  },
  {
    title: "a value is required that has no default",
    before: plain,
    after: withInput(["STRING", { multiline: true }]),
    changes: ["input-added-required breaking it"],
  },
  {
    title: "a value is required whose default ComfyUI itself refuses",
    before: plain,
    after: withInput(["INT", { default: 0, min: 1 }]),
    changes: ["input-added-required breaking it"],
  },
  {
    title: "a choice is required and has no default, although the editor takes the first one",
    before: plain,
    after: combo("a", "b"),
    changes: ["input-added-required breaking it"],
  },
  {
    title: "a value is required and has a default",
    before: plain,
    after: withInput(FLAG),
    changes: ["input-added-required migratable it"],
  },
  {
    title: "a value comes that nobody has to give",
    before: plain,
    after: node({}, { optional: { it: INT } }),
    changes: ["input-added-optional harmless it"],
  },
  {
    title: "an input goes",
    before: withInput(INT),
    after: plain,
    changes: ["input-removed behavioural it"],
  },
  {
    title: "an input has another name in the table",
    before: withInput(INT),
    after: node({ that: INT }),
    renames: renamed({ inputs: { it: "that" } }),
    changes: ["input-renamed migratable it"],
  },
  {
    title: "an optional link becomes required",
    before: node({}, { optional: { it: ["IMAGE", {}] } }),
    after: withInput(["IMAGE", {}]),
    changes: ["input-became-required breaking it"],
  },
  {
    title: "an optional value with a default becomes required",
    before: node({}, { optional: { it: FLAG } }),
    after: withInput(FLAG),
    changes: ["input-became-required migratable it"],
  },
  {
    title: "a required input becomes optional",
    before: withInput(INT),
    after: node({}, { optional: { it: INT } }),
    changes: ["input-became-optional harmless it"],
  },

  {
    title: "a link is of another type",
    before: withInput(["IMAGE", {}]),
    after: withInput(["LATENT", {}]),
    changes: ["input-type-changed breaking it"],
  },
  {
    title: "a link takes one type more",
    before: withInput(["IMAGE", {}]),
    after: withInput(["IMAGE,MASK", {}]),
    changes: ["input-type-changed harmless it"],
  },
  {
    title: "a link takes one type less",
    before: withInput(["IMAGE,MASK", {}]),
    after: withInput(["IMAGE", {}]),
    changes: ["input-type-changed breaking it"],
  },
  {
    title: "a link takes anything",
    before: withInput(["IMAGE", {}]),
    after: withInput(["*", {}]),
    changes: ["input-type-changed harmless it"],
  },
  {
    title: "a link took anything",
    before: withInput(["*", {}]),
    after: withInput(["IMAGE", {}]),
    changes: ["input-type-changed breaking it"],
  },
  {
    title: "a value comes over a link now",
    before: withInput(INT),
    after: withInput(["INT", { default: 1, min: 0, max: 9, forceInput: true }]),
    changes: ["input-lost-widget breaking it"],
  },
  {
    title: "a value that came over a link has a widget now",
    before: withInput(["STRING", { forceInput: true }]),
    after: withInput(["STRING", {}]),
    changes: ["default-changed behavioural it", "input-gained-widget harmless it"],
  },
  {
    title: "a number goes in other steps",
    before: withInput(["INT", { min: 0, max: 64, step: 1 }]),
    after: withInput(["INT", { min: 0, max: 64, step: 8 }]),
    changes: ["input-settings-changed harmless it"],
  },
  {
    title: "the editor replaces words in a text",
    before: withInput(["STRING", { dynamicPrompts: false }]),
    after: withInput(["STRING", { dynamicPrompts: true }]),
    changes: ["input-settings-changed behavioural it"],
  },

  {
    title: "an option goes",
    before: combo("a", "b"),
    after: combo("a"),
    changes: ["option-removed breaking it"],
  },
  {
    title: "an option comes",
    before: combo("a"),
    after: combo("a", "b"),
    changes: ["option-added harmless it"],
  },
  {
    title: "an option has another name in the table",
    before: combo("a", "b"),
    after: combo("a", "c"),
    renames: renamed({ options: { it: { b: "c" } } }),
    changes: ["option-renamed migratable it"],
  },
  {
    title: "options in another order start with another one",
    before: combo("a", "b"),
    after: combo("b", "a"),
    changes: ["default-changed behavioural it"],
  },
  {
    title: "a value starts with another one",
    before: withInput(["INT", { default: 1 }]),
    after: withInput(["INT", { default: 2 }]),
    changes: ["default-changed behavioural it"],
  },
  {
    title: "a number may be smaller only",
    before: withInput(["INT", { default: 1, min: 0, max: 9 }]),
    after: withInput(["INT", { default: 1, min: 0, max: 8 }]),
    changes: ["range-narrowed behavioural it"],
  },
  {
    title: "a number without bounds gets one",
    before: withInput(["FLOAT", { default: 1 }]),
    after: withInput(["FLOAT", { default: 1, min: 0 }]),
    changes: ["range-narrowed behavioural it"],
  },
  {
    title: "a number may be bigger too",
    before: withInput(["INT", { default: 1, min: 0, max: 8 }]),
    after: withInput(["INT", { default: 1, min: 0, max: 9 }]),
    changes: ["range-widened behavioural it"],
  },
  {
    title: "a range moves",
    before: withInput(["INT", { default: 5, min: 0, max: 8 }]),
    after: withInput(["INT", { default: 5, min: 1, max: 9 }]),
    changes: ["range-narrowed behavioural it", "range-widened behavioural it"],
  },

  {
    title: "two widgets change places",
    before: node({ it: INT, that: FLAG }),
    after: node({ that: FLAG, it: INT }),
    changes: ["input-order-changed migratable"],
  },
  {
    title: "a widget comes before another one",
    before: node({ it: INT }),
    after: node({ new: FLAG, it: INT }),
    changes: ["input-order-changed migratable", "input-added-required migratable new"],
  },
  {
    title: "a widget comes behind the others: stored values keep their places",
    before: node({ it: INT }),
    after: node({ it: INT, new: FLAG }),
    changes: ["input-added-required migratable new"],
  },
  {
    title: "a number gets a companion that follows its value",
    before: node({ it: INT, that: FLAG }),
    after: node({
      it: ["INT", { default: 1, min: 0, max: 9, control_after_generate: true }],
      that: FLAG,
    }),
    changes: ["input-order-changed migratable", "input-settings-changed behavioural it"],
  },
  {
    title: "two links change places",
    before: node({ it: ["IMAGE", {}], that: ["MASK", {}] }),
    after: node({ that: ["MASK", {}], it: ["IMAGE", {}] }),
    changes: ["input-order-changed harmless"],
  },

  {
    title: "an output goes at the end",
    before: outputs({ a: "A", b: "B" }),
    after: outputs({ a: "A" }),
    changes: ["output-removed breaking 1"],
  },
  {
    title: "an output comes at the end",
    before: outputs({ a: "A" }),
    after: outputs({ a: "A", b: "B" }),
    changes: ["output-added harmless 1"],
  },
  {
    title: "an output comes in front",
    before: outputs({ a: "A" }),
    after: outputs({ b: "B", a: "A" }),
    changes: ["output-moved migratable 0", "output-added harmless 0"],
  },
  {
    title: "an output goes in front, and those behind it move up",
    before: outputs({ a: "A", b: "B", c: "C" }),
    after: outputs({ b: "B", c: "C" }),
    changes: [
      "output-removed breaking 0",
      "output-moved migratable 1",
      "output-moved migratable 2",
    ],
  },
  {
    title: "outputs of one name do not tell which of them has gone",
    before: { ...plain, output: ["A", "A"], output_name: ["a", "a"] },
    after: { ...plain, output: ["B", "A"], output_name: ["b", "a"] },
    changes: ["output-removed breaking 0", "output-added harmless 0"],
  },
  {
    title: "an output of the same type has another name, and nobody says that it is the same",
    before: outputs({ a: "A" }),
    after: outputs({ b: "A" }),
    changes: ["output-renamed behavioural 0"],
  },
  {
    title: "an output has another name in the table",
    before: outputs({ a: "A" }),
    after: outputs({ b: "A" }),
    renames: renamed({ outputs: { a: "b" } }),
    changes: ["output-renamed harmless 0"],
  },
  {
    title: "an output is of another type",
    before: outputs({ a: "A" }),
    after: outputs({ a: "B" }),
    changes: ["output-retyped breaking 0"],
  },
  {
    title: "an output fits more inputs than before",
    before: outputs({ a: "A" }),
    after: outputs({ a: "A,B" }),
    changes: ["output-retyped harmless 0"],
  },
  {
    title: "an output gives a list",
    before: outputs({ a: "A" }, { output_is_list: [false] }),
    after: outputs({ a: "A" }, { output_is_list: [true] }),
    changes: ["output-list-changed behavioural 0"],
  },

  {
    title: "a choice that brings inputs goes",
    before: dynamic({ "by size": { width: INT }, "by factor": {} }),
    after: dynamic({ "by size": { width: INT } }),
    changes: ["option-removed breaking it"],
  },
  {
    title: "a choice that brings inputs comes",
    before: dynamic({ "by size": { width: INT } }),
    after: dynamic({ "by size": { width: INT }, "by factor": { factor: FLAG } }),
    changes: ["option-added harmless it"],
  },
  {
    title: "a choice that brings inputs has another name in the table",
    before: dynamic({ "by size": { width: INT } }),
    after: dynamic({ "to size": { width: INT } }),
    renames: renamed({ options: { it: { "by size": "to size" } } }),
    changes: ["option-renamed migratable it"],
  },
  {
    title: "a choice asks for a link more",
    before: dynamic({ plain: {}, other: {} }),
    after: dynamic({ plain: {}, other: { mask: ["MASK", {}] } }),
    changes: ["input-added-required breaking it.mask"],
  },
  {
    title: "a choice asks for a value more, which has a default",
    before: dynamic({ plain: {}, other: {} }),
    after: dynamic({ plain: {}, other: { width: INT } }),
    changes: ["input-added-required migratable it.width"],
  },
  {
    title: "an inner input is of another type, and another one takes less",
    before: dynamic({ one: { mask: ["MASK", {}], width: INT } }),
    after: dynamic({
      one: { mask: ["IMAGE", {}], width: ["INT", { default: 1, min: 0, max: 5 }] },
    }),
    changes: ["input-type-changed breaking it.mask", "range-narrowed behavioural it.width"],
  },
  {
    title: "a combo with sub-inputs becomes required",
    before: dynamic({ one: {} }, false),
    after: dynamic({ one: {} }),
    changes: ["input-became-required breaking it"],
  },
  {
    title: "an input may grow further",
    before: images(1, 2),
    after: images(1, 4),
    changes: ["slots-added harmless it"],
  },
  {
    title: "an input may not grow as far any more",
    before: images(1, 4),
    after: images(1, 2),
    changes: ["slots-removed behavioural it"],
  },
  {
    title: "an input that grows needs one more",
    before: images(1, 4),
    after: images(2, 4),
    changes: ["input-became-required breaking it.image1"],
  },
  {
    title: "the slots of an input that grows take another type",
    before: images(1, 4),
    after: images(1, 4, "LATENT"),
    changes: ["input-type-changed breaking it.image0"],
  },
  {
    title: "an input that grows comes, and needs nothing",
    before: plain,
    after: images(0, 4),
    changes: ["input-added-optional harmless it"],
  },
  {
    title: "an input that grows comes, and needs one link",
    before: plain,
    after: images(1, 4),
    changes: ["input-added-required breaking it"],
  },
  {
    title: "an input that grows comes, and needs a value with a default",
    before: plain,
    after: growing({ input: { required: { n: INT } }, prefix: "n", min: 1, max: 3 }),
    changes: ["input-added-required migratable it"],
  },
];

const rows = ({ before, after, renames }: Case, options: DiffOptions = {}): string[] =>
  diffObjectInfo(objectInfo(before), objectInfo(after), {
    ...(renames && { renames: { Node: renames } }),
    ...options,
  }).changes.map(({ change, class: kind, input, output }) =>
    [change, kind, input ?? output].filter((part) => part !== undefined).join(" "),
  );

describe("a change where", () => {
  test.each(cases)("$title", (given) => {
    expect(rows(given)).toEqual(given.changes);
  });
});

describe("the cases above", () => {
  const made = cases.flatMap(({ changes }) => changes.map((row) => row.split(" ")));

  test("show every kind of change", () => {
    const kinds = new Set(made.map(([kind]) => kind));
    expect(changeKindSchema.options.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  test("show every class", () => {
    const classes = new Set(made.map(([, kind]) => kind));
    expect(changeClassSchema.options.filter((kind) => !classes.has(kind))).toEqual([]);
  });

  test("are of the node that changed, each with a sentence", () => {
    for (const { before, after } of cases) {
      const { changes } = diffObjectInfo(objectInfo(before), objectInfo(after));
      for (const { node: name, detail } of changes) {
        expect(name).toBe("Node");
        expect(detail).toMatch(/^[A-Z].{8,}\.$/);
      }
    }
  });
});

describe("what only the editor notices", () => {
  const uiOnly = new Set([
    "node-settings-changed",
    "input-order-changed",
    "input-lost-widget",
    "input-gained-widget",
    "input-settings-changed",
  ]);

  test.each(cases)("counts in the scope ui alone: $title", (given) => {
    const expected = given.changes.filter((row) => !uiOnly.has(row.split(" ")[0] ?? ""));
    expect(rows(given, { scope: "api" })).toEqual(expected);
  });
});
