import { expect, test } from "vitest";
import { listsFiles, withModels } from "./file-options.ts";
import { fingerprintObjectInfo } from "./fingerprint.ts";
import { capturedVersions, comboOptions, loadObjectInfo, readInputSpec } from "./object-info.ts";
import type { ObjectInfo } from "./object-info.ts";
import { slotTypesFit } from "./slot-types.ts";

const current = loadObjectInfo("0.11.1");

/** One node with one input, to change one thing at a time. */
const oneNode = (spec: unknown, more: Record<string, unknown> = {}): ObjectInfo => ({
  CheckpointLoaderSimple: {
    input: { required: { ckpt_name: spec } },
    output: ["MODEL"],
    ...more,
  },
});

test("an unknown version is refused with the versions that are known", () => {
  expect(capturedVersions()).toEqual(["0.9.2", "0.11.1"]);
  expect(() => loadObjectInfo("../versions")).toThrow(
    "The node definitions of ComfyUI ../versions are not captured (0.9.2, 0.11.1 are): run comfymulti capture URL",
  );
});

test("a version is read once and shared", () => {
  expect(loadObjectInfo("0.11.1")).toBe(current);
});

test("both notations of a combo give the same options", () => {
  const old = readInputSpec([["a", "b"], {}]);
  const v3 = readInputSpec(["COMBO", { options: ["a", "b"] }]);
  expect(old && comboOptions(old)).toEqual(["a", "b"]);
  expect(v3 && comboOptions(v3)).toEqual(["a", "b"]);
});

test("types fit by a common member of a union, by * and by a combo's list", () => {
  const fits: [Parameters<typeof slotTypesFit>[0], string][] = [
    ["IMAGE", "IMAGE"],
    ["MASK", "IMAGE, MASK"],
    ["*", "LATENT"],
    ["LATENT", "*"],
    ["COMFY_MATCHTYPE_V3", "MODEL"],
    [["a"], "COMBO"],
  ];
  for (const [received, wanted] of fits) expect(slotTypesFit(received, wanted)).toBe(true);
  expect(slotTypesFit("LATENT", "IMAGE,MASK")).toBe(false);
  expect(slotTypesFit(["a"], "STRING")).toBe(false);
});

test("the two captured versions have different fingerprints, each always the same", () => {
  const fingerprint = fingerprintObjectInfo(current);
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprintObjectInfo(structuredClone(current))).toBe(fingerprint);
  expect(fingerprintObjectInfo(loadObjectInfo("0.9.2"))).not.toBe(fingerprint);
});

test("order of keys, words for people and files on disk leave the fingerprint alone", () => {
  const plain = fingerprintObjectInfo(oneNode([["a.safetensors"], {}]));
  const same = [
    oneNode([["b.safetensors"], { tooltip: "pick one" }]),
    oneNode(["COMBO", { options: [], tooltip: "pick one" }]),
    oneNode([[]], { display_name: "Load", search_aliases: ["x"], description: "y" }),
  ];
  for (const objectInfo of same) expect(fingerprintObjectInfo(objectInfo)).toBe(plain);
  const reversed = Object.fromEntries(Object.entries(current).reverse());
  expect(fingerprintObjectInfo(reversed)).toBe(fingerprintObjectInfo(current));
});

test("a new input or another output changes the fingerprint", () => {
  const plain = fingerprintObjectInfo(oneNode([[], {}]));
  expect(fingerprintObjectInfo(oneNode([[], {}], { output: ["MODEL", "CLIP"] }))).not.toBe(plain);
  const grown = oneNode([[], {}]);
  Object.assign(grown["CheckpointLoaderSimple"]?.input.required ?? {}, { steps: ["INT", {}] });
  expect(fingerprintObjectInfo(grown)).not.toBe(plain);
});

test("every empty list of the captured machines, which had no models, is known as files on disk", () => {
  const unknown: string[] = [];
  for (const version of capturedVersions()) {
    for (const [classType, { input }] of Object.entries(loadObjectInfo(version))) {
      for (const [name, raw] of Object.entries({ ...input.required, ...input.optional })) {
        const spec = readInputSpec(raw);
        if (!spec || comboOptions(spec)?.length !== 0) continue;
        if (!listsFiles(classType, name, spec)) unknown.push(`${classType}.${name}`);
      }
    }
  }
  // CustomCombo's options are written by the user in the editor.
  expect([...new Set(unknown)]).toEqual(["CustomCombo.choice"]);
});

test("lists that are part of a node's definition are not taken for files", () => {
  for (const [classType, name] of [
    ["KSampler", "sampler_name"],
    ["KlingTextToVideoWithAudio", "model_name"],
  ] as const) {
    const spec = readInputSpec(current[classType]?.input.required?.[name]);
    expect(spec && listsFiles(classType, name, spec)).toBe(false);
  }
});

test("models are added to loaders, not to uploads, and the original stays as it was", () => {
  const before = JSON.stringify(current);
  const more = withModels(current, ["m.safetensors"]);
  expect(more["UNETLoader"]?.input.required?.["unet_name"]).toEqual([["m.safetensors"], {}]);
  expect(more["LoadImage"]).toEqual(current["LoadImage"]);
  expect(JSON.stringify(current)).toBe(before);
});
