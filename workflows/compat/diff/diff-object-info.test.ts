/** Whole versions compared, the three scopes, and what is no comparison. */
import { describe, expect, test } from "vitest";
import { templates } from "../../templates/index.ts";
import type { Prompt } from "../../templates/index.ts";
import { withModels } from "../file-options.ts";
import { fingerprintObjectInfo } from "../fingerprint.ts";
import { capturedVersions, loadObjectInfo } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import type { Change } from "./change.ts";
import { diffObjectInfo, IncomparableError } from "./diff-object-info.ts";
import type { DiffScope } from "./diff-object-info.ts";

const older = loadObjectInfo("0.9.2");
const newer = loadObjectInfo("0.11.1");
const row = ({ class: kind, node, change, input, output }: Change): string =>
  [kind, node, change, input ?? output].filter((part) => part !== undefined).join(" ");

describe("from 0.9.2 to 0.11.1", () => {
  const { changes, worst } = diffObjectInfo(older, newer);
  const isHarmless = (change: Change): boolean => change.class === "harmless";

  test("this breaks or changes what graphs do, and nothing else", () => {
    expect(changes.filter((change) => !isHarmless(change)).map(row)).toEqual([
      "breaking ByteDanceImageEditNode node-removed",
      "breaking ByteDanceImageToVideoNode option-removed model",
      "breaking TrainLoraNode output-removed 0",
      "migratable TrainLoraNode output-moved 1",
      "migratable TrainLoraNode output-moved 2",
      "migratable TrainLoraNode output-moved 3",
      "migratable TrainLoraNode input-added-required bypass_mode",
      "behavioural OpenAIGPTImage1 default-changed model",
      "behavioural ResizeImageMaskNode default-changed resize_type",
    ]);
    expect(worst).toBe("breaking");
  });

  test("of ComfyUI's own nodes only TrainLoraNode hurts, and CustomCombo gains an output", () => {
    const own = changes.filter(
      ({ node, change }) =>
        !change.startsWith("node-") && (newer[node] ?? older[node])?.["api_node"] !== true,
    );
    expect(new Set(own.map(({ node }) => node))).toEqual(
      new Set(["TrainLoraNode", "CustomCombo", "ResizeImageMaskNode"]),
    );
    expect(own.map(row)).toContain("harmless CustomCombo output-added 1");
  });

  test("the harmless rest is 16 new nodes, and options, inputs, slots and an output more", () => {
    expect(Object.keys(newer)).toHaveLength(Object.keys(older).length + 15);
    const counts = Object.groupBy(changes.filter(isHarmless), ({ change }) => change);
    expect(
      Object.fromEntries(Object.entries(counts).map(([kind, found]) => [kind, found.length])),
    ).toEqual({
      "node-added": 16,
      "input-added-optional": 3,
      "option-added": 5,
      "output-added": 1,
      "slots-added": 1,
    });
  });

  test("says what happened in sentences that name old and new", () => {
    const [gone, lora] = changes.filter(({ node }) => node === "TrainLoraNode");
    expect(gone?.detail).toBe(
      'Output 0, "model" (MODEL), is gone; that place now gives "lora" (LORA_MODEL).',
    );
    expect(lora?.detail).toBe('Output 1, "lora" (LORA_MODEL), is now output 0.');
  });

  test("the templates feel nothing of it", () => {
    const saved = templates.map(({ api }) => api);
    expect(diffObjectInfo(older, newer, { scope: "saved", saved }).changes).toEqual([]);
  });
});

describe("resolution_steps, which came required with the default 1", () => {
  const { ImageScaleToTotalPixels: definition } = newer;
  if (!definition) throw new Error("0.11.1 has ImageScaleToTotalPixels");
  const { resolution_steps: _, ...required } = definition.input.required ?? {};
  const without: ObjectInfo = {
    ...newer,
    ImageScaleToTotalPixels: {
      ...definition,
      input: { ...definition.input, required },
      input_order: { required: Object.keys(required) },
    },
  };

  test("is migratable, in every scope", () => {
    const saved: Prompt[] = [
      { 1: { class_type: "ImageScaleToTotalPixels", inputs: { megapixels: 1 } } },
    ];
    for (const scope of ["ui", "api", "saved"] as const) {
      expect(diffObjectInfo(without, newer, { scope, saved }).changes).toMatchObject([
        { class: "migratable", change: "input-added-required", input: "resolution_steps" },
      ]);
    }
  });

  test("does not touch a stored graph that has it already", () => {
    const saved: Prompt[] = [
      { 1: { class_type: "ImageScaleToTotalPixels", inputs: { resolution_steps: 4 } } },
    ];
    // So far its value was dropped.
    const { changes } = diffObjectInfo(without, newer, { scope: "saved", saved });
    expect(changes.map(row)).toEqual([
      "behavioural ImageScaleToTotalPixels input-added-required resolution_steps",
    ]);
  });
});

describe("a version compared with itself", () => {
  test.each(capturedVersions())("%s has not changed", (version) => {
    const one = loadObjectInfo(version);
    const copy = JSON.parse(JSON.stringify(one)) as ObjectInfo;
    expect(diffObjectInfo(one, copy)).toEqual({
      changes: [],
      allowed: [],
      expired: [],
      unused: [],
      worst: undefined,
    });
  });
});

describe("what never counts", () => {
  test("is what people read: titles, descriptions, tooltips, search words, prices", () => {
    const dressed = mapNodes(newer, (definition) => ({
      ...definition,
      display_name: "another title",
      description: "another description",
      search_aliases: ["another"],
      price_badge: { engine: "another" },
      output_tooltips: ["another"],
      dev_only: true,
      input: mapSpecs(definition.input, ([type, options]) => [
        type,
        { ...(options as object), tooltip: "another" },
      ]),
    }));
    expect(diffObjectInfo(newer, dressed).changes).toEqual([]);
    expect(fingerprintObjectInfo(dressed)).toBe(fingerprintObjectInfo(newer));
  });

  test("is what lies on the server's disk", () => {
    const stocked = withModels(newer, ["a.safetensors", "b.safetensors"]);
    expect(diffObjectInfo(newer, stocked).changes).toEqual([]);
    expect(diffObjectInfo(stocked, newer).changes).toEqual([]);
    const { LoadImage: definition } = newer;
    if (!definition) throw new Error("there is no LoadImage");
    const required = { image: [["cat.png"], { image_upload: true }] };
    const uploads = {
      ...newer,
      LoadImage: { ...definition, input: { ...definition.input, required } },
    };
    expect(diffObjectInfo(newer, uploads).changes).toEqual([]);
  });

  test("is the notation of a combo, and null for nothing", () => {
    const combo = (spec: unknown): ObjectInfo => ({
      Node: { input: { required: { it: spec } }, output: [] },
    });
    const one = combo([["a", "b"], { default: "a" }]);
    const other = combo(["COMBO", { default: "a", options: ["a", "b"], multiselect: false }]);
    const third = combo(["COMBO", { default: "a", options: ["a", "b"], display: null }]);
    for (const before of [one, other, third]) {
      for (const after of [one, other, third]) {
        expect(diffObjectInfo(before, after).changes).toEqual([]);
      }
    }
  });

  test("is the order of node types", () => {
    const reversed = Object.fromEntries(Object.entries(newer).reverse());
    expect(diffObjectInfo(newer, reversed).changes).toEqual([]);
  });
});

describe("the scopes", () => {
  test("count less and less: ui, api, saved", () => {
    const saved: Prompt[] = [
      {
        1: { class_type: "TrainLoraNode", inputs: {} },
        2: { class_type: "SaveLoRA", inputs: { lora: ["1", 1] } },
      },
    ];
    const rows = (scope: DiffScope): readonly string[] =>
      diffObjectInfo(older, newer, { scope, saved }).changes.map(row);
    expect(rows("ui")).toEqual(expect.arrayContaining([...rows("api")]));
    expect(rows("api")).toEqual(expect.arrayContaining([...rows("saved")]));
    expect(rows("saved")).toEqual([
      "migratable TrainLoraNode output-moved 1",
      "migratable TrainLoraNode input-added-required bypass_mode",
    ]);
  });

  test("default to ui, the widest", () => {
    expect(diffObjectInfo(older, newer)).toEqual(diffObjectInfo(older, newer, { scope: "ui" }));
  });
});

describe("what can't be compared is an error and never 'no changes'", () => {
  const broken = (value: unknown): ObjectInfo => value as ObjectInfo;
  test.each<[string, () => unknown, RegExp]>([
    ["an empty older side", () => diffObjectInfo({}, newer), /older side names no node types/],
    ["an empty newer side", () => diffObjectInfo(newer, {}), /newer side names no node types/],
    ["two empty sides", () => diffObjectInfo({}, {}), /names no node types/],
    ["a list", () => diffObjectInfo(broken([]), newer), /older side is not .* object_info/],
    ["nothing", () => diffObjectInfo(newer, broken(undefined)), /newer side is not/],
    ["an error page", () => diffObjectInfo(broken("<html>"), newer), /GET \/object_info/],
    [
      "a node without outputs",
      () => diffObjectInfo(newer, broken({ Node: { input: {} } })),
      /see Node\.output/,
    ],
    [
      "an input that can't be read and differs",
      () => {
        const side = (spec: unknown): ObjectInfo => ({
          Node: { input: { required: { it: spec } }, output: [] },
        });
        return diffObjectInfo(side("INT"), side(["INT", {}]));
      },
      /input "it" of "Node" is not \[type, options\]/,
    ],
    [
      "an input that can't be read and is new",
      () =>
        diffObjectInfo(
          { Node: { input: {}, output: [] } },
          { Node: { input: { required: { it: 5 } }, output: [] } },
        ),
      /input "it" of "Node"/,
    ],
    [
      "the scope saved without graphs",
      () => diffObjectInfo(older, newer, { scope: "saved" }),
      /no stored graphs/,
    ],
    [
      "a stored workflow in the editor's format",
      () =>
        diffObjectInfo(older, newer, {
          scope: "saved",
          saved: [{ nodes: [], links: [] } as unknown as Prompt],
        }),
      /Stored graph 1 is not in API format/,
    ],
    [
      "stored graphs of nodes that neither side knows",
      () =>
        diffObjectInfo(older, newer, {
          scope: "saved",
          saved: [{ 1: { class_type: "CustomNode", inputs: {} } }],
        }),
      /Neither version knows 1 .*CustomNode/,
    ],
  ])("%s", (_, compare, message) => {
    expect(compare).toThrow(IncomparableError);
    expect(compare).toThrow(message);
  });
});

function mapNodes(
  objectInfo: ObjectInfo,
  change: (definition: ObjectInfo[string]) => ObjectInfo[string],
): ObjectInfo {
  return Object.fromEntries(
    Object.entries(objectInfo).map(([name, definition]) => [name, change(definition)]),
  );
}

function mapSpecs(
  input: ObjectInfo[string]["input"],
  change: (spec: readonly unknown[]) => unknown,
): ObjectInfo[string]["input"] {
  const changed = { ...input };
  for (const category of ["required", "optional"] as const) {
    const specs = input[category];
    if (!specs) continue;
    changed[category] = Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [name, change(spec as readonly unknown[])]),
    );
  }
  return changed;
}
