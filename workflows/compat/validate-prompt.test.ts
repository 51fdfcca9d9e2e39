import { describe, expect, test } from "vitest";
import { loadObjectInfo } from "./object-info.ts";
import type { ObjectInfo } from "./object-info.ts";
import { validatePrompt } from "./validate-prompt.ts";
import type { InputError, PromptVerdict } from "./verdict.ts";
import { recordedObjectInfo, transcripts } from "./fixtures/transcripts.ts";

const current = loadObjectInfo("0.11.1");

const image = (inputs: Record<string, unknown> = {}) => ({
  class_type: "EmptyImage",
  inputs: { width: 64, height: 48, batch_size: 1, color: 0, ...inputs },
});
const save = (source: unknown) => ({
  class_type: "SaveImage",
  inputs: { images: source, filename_prefix: "x" },
});

/** All errors of a verdict by node id. */
function errorsOf(verdict: PromptVerdict): Record<string, readonly InputError[]> {
  return Object.fromEntries(
    Object.entries(verdict.nodeErrors).map(([id, { errors }]) => [id, errors]),
  );
}

/** Judges one EmptyImage with these inputs, saved by node 2. */
const judgeImage = (inputs: Record<string, unknown>) =>
  errorsOf(validatePrompt({ "1": image(inputs), "2": save(["1", 0]) }, current))["1"] ?? [];

/** ComfyUI walks a node's inputs in the order of a hash set, so the order of errors says nothing. */
function inSetOrder(nodeErrors: unknown): unknown {
  return Object.entries(nodeErrors as Record<string, { errors: InputError[] }>).map(
    ([id, node]) => [id, { ...node, errors: node.errors.map((e) => JSON.stringify(e)).sort() }],
  );
}

describe.each(transcripts)("recorded answers of ComfyUI $comfyui", ({ comfyui, cases }) => {
  const objectInfo = recordedObjectInfo(comfyui);

  test.each(cases.filter(({ response }) => response))("$title", ({ status, request, response }) => {
    const verdict = validatePrompt(request.prompt, objectInfo);
    expect(verdict.ok).toBe(status === 200);
    expect(JSON.stringify(inSetOrder(verdict.nodeErrors))).toBe(
      JSON.stringify(inSetOrder(response?.["node_errors"])),
    );
    const error = verdict.ok ? undefined : verdict.error;
    expect(JSON.stringify(error)).toBe(JSON.stringify(response?.["error"]));
  });

  test.each(cases.filter(({ response }) => !response))(
    "$title: a sentence instead of ComfyUI's bare 500",
    ({ request }) => {
      const verdict = validatePrompt(request.prompt, objectInfo);
      expect(verdict).toMatchObject({ ok: false, error: { type: "invalid_prompt" } });
    },
  );
});

describe("values", () => {
  test("a text that Python reads as a whole number is one", () => {
    expect(judgeImage({ width: " 6_4 ", height: "+48", batch_size: true })).toEqual([]);
  });

  test("a fraction is cut to a whole number before the range is checked", () => {
    expect(judgeImage({ width: 0.9 })[0]).toMatchObject({
      message: "Value 0 smaller than min of 1",
      extra_info: { received_value: 0 },
    });
  });

  test.each([
    ["3.5", "width, 3.5, invalid literal for int() with base 10: '3.5'"],
    [
      null,
      "width, None, int() argument must be a string, a bytes-like object or a real number, not 'NoneType'",
    ],
    [
      { a: [1, "x"] },
      "width, {'a': [1, 'x']}, int() argument must be a string, a bytes-like object or a real number, not 'dict'",
    ],
  ])("width %j is refused with Python's own sentence", (width, details) => {
    expect(judgeImage({ width })).toMatchObject([{ type: "invalid_input_type", details }]);
  });

  test("a list as a value comes wrapped, and is judged without its wrapper", () => {
    expect(judgeImage({ width: { __value__: [1] } })).toMatchObject([
      { type: "invalid_input_type", extra_info: { received_value: [1] } },
    ]);
  });

  test("a list of more than twenty options is counted, not written out", () => {
    const prompt = {
      "1": image(),
      "2": { class_type: "KSamplerSelect", inputs: { sampler_name: 5 } },
      "3": { class_type: "SamplerCustomAdvanced", inputs: { sampler: ["2", 0] } },
      "4": { class_type: "SaveLatent", inputs: { samples: ["3", 0], filename_prefix: "x" } },
    };
    expect(errorsOf(validatePrompt(prompt, current))["2"]).toEqual([
      {
        type: "value_not_in_list",
        message: "Value not in list",
        details: "sampler_name: '5' not in (list of length 44)",
        extra_info: { input_name: "sampler_name", input_config: null, received_value: 5 },
      },
    ]);
  });

  test("optional inputs may be missing, and hidden ones are nobody's business", () => {
    expect(validatePrompt({ "1": image(), "2": save(["1", 0]) }, current)).toEqual({
      ok: true,
      outputs: ["2"],
      nodeErrors: {},
    });
  });
});

describe("uploads", () => {
  const prompt = {
    "1": { class_type: "LoadImage", inputs: { image: "me.png" } },
    "2": save(["1", 0]),
  };

  test("an uploaded picture need not be in the worker's list of files", () => {
    expect(validatePrompt(prompt, current).ok).toBe(true);
  });

  test("a picture that the user never uploaded is refused as ComfyUI does", () => {
    const verdict = validatePrompt(prompt, current, {
      inputFileExists: (file) => file !== "me.png",
    });
    expect(errorsOf(verdict)["1"]).toEqual([
      {
        type: "custom_validation_failed",
        message: "Custom validation failed for node",
        details: "image - Invalid image file: me.png",
        extra_info: { input_name: "image" },
      },
    ]);
  });
});

describe("links", () => {
  test.each([
    [7, "KeyError", "7"],
    [{}, "TypeError", "unhashable type: 'dict'"],
  ])("from node %j ends as in Python", (source, exception_type, details) => {
    const verdict = validatePrompt({ "1": image(), "2": save([source, 0]) }, current);
    expect(errorsOf(verdict)["2"]).toEqual([
      {
        type: "exception_during_validation",
        message: "Exception when validating node",
        details,
        extra_info: { exception_type, traceback: [] },
      },
    ]);
  });

  test("a negative slot counts from the end, a slot by name is refused", () => {
    expect(validatePrompt({ "1": image(), "2": save(["1", -1]) }, current).ok).toBe(true);
    const verdict = validatePrompt({ "1": image(), "2": save(["1", "IMAGE"]) }, current);
    expect(errorsOf(verdict)["2"]?.[0]?.details).toBe(
      "tuple indices must be integers or slices, not str",
    );
  });

  test("a node that loses its inputs is blamed, with no word about the server's paths", () => {
    const verdict = validatePrompt(
      { "1": { class_type: "EmptyImage" }, "2": save(["1", 0]) },
      current,
    );
    expect(errorsOf(verdict)["1"]).toMatchObject([
      {
        type: "exception_during_inner_validation",
        details: "'inputs'",
        extra_info: { traceback: [] },
      },
    ]);
  });

  test("a node on a cycle is still told about its own bad values", () => {
    const scale = (from: string, megapixels: number) => ({
      class_type: "ImageScaleToTotalPixels",
      inputs: { image: [from, 0], upscale_method: "area", megapixels, resolution_steps: 1 },
    });
    const prompt = { "1": scale("2", 1), "2": scale("1", 99), "3": save(["1", 0]) };
    const verdict = validatePrompt(prompt, current);
    expect(verdict.ok).toBe(false);
    expect(Object.keys(verdict.nodeErrors)).toEqual(["2"]);
  });
});

describe("grown and chosen inputs of V3 nodes", () => {
  test("the first slots of a growing input are required, further ones are not", () => {
    const batch = (inputs: Record<string, unknown>) => ({
      "1": image(),
      "2": { class_type: "BatchImagesNode", inputs },
      "3": save(["2", 0]),
    });
    const two = { "images.image0": ["1", 0], "images.image1": ["1", 0] };
    expect(validatePrompt(batch(two), current).ok).toBe(true);
    const one = errorsOf(validatePrompt(batch({ "images.image0": ["1", 0] }), current))["2"];
    expect(one).toMatchObject([{ details: "image1", extra_info: { input_name: "images.image1" } }]);
  });

  test("a choice brings its own inputs with it", () => {
    const enhance = (inputs: Record<string, unknown>) => ({
      "1": image(),
      "2": { class_type: "MagnificImageSkinEnhancerNode", inputs: { image: ["1", 0], ...inputs } },
      "3": save(["2", 0]),
    });
    const required = { sharpen: 0, smart_grain: 2 };
    const faithful = { ...required, mode: "faithful" };
    expect(errorsOf(validatePrompt(enhance(faithful), current))["2"]).toMatchObject([
      { details: "skin_detail", extra_info: { input_name: "mode.skin_detail" } },
    ]);
    expect(validatePrompt(enhance({ ...faithful, "mode.skin_detail": 80 }), current).ok).toBe(true);
    expect(validatePrompt(enhance({ ...required, mode: "creative" }), current).ok).toBe(true);
  });
});

describe("bounds", () => {
  /** A chain of scaled pictures, the last one saved. */
  function chain(length: number): Record<string, unknown> {
    const prompt: Record<string, unknown> = { "0": image() };
    for (let id = 1; id <= length; id += 1) {
      prompt[id] = { class_type: "ImageInvert", inputs: { image: [String(id - 1), 0] } };
    }
    return { ...prompt, end: save([String(length), 0]) };
  }

  test("a chain of ten thousand nodes is judged, good or bad", () => {
    const prompt = chain(10_000);
    expect(validatePrompt(prompt, current).ok).toBe(true);
    prompt["0"] = image({ width: 0 });
    expect(errorsOf(validatePrompt(prompt, current))["0"]).toHaveLength(1);
  });

  test("a hundred thousand lists inside each other are refused in one sentence", () => {
    const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    const verdict = validatePrompt({ "1": image({ color: deep }), "2": save(["1", 0]) }, current);
    expect(verdict).toMatchObject({
      ok: false,
      error: { type: "invalid_prompt", message: "The prompt is nested deeper than 64 levels." },
    });
  });

  test("the answer to many failing outputs stays small", () => {
    const prompt: Record<string, unknown> = {};
    for (let id = 0; id < 1_000; id += 1) prompt[id] = save(["x", 0]);
    const verdict = validatePrompt(prompt, current);
    expect(JSON.stringify(verdict).length).toBeLessThan(2_000_000);
  });

  test("names of JavaScript's own objects are no node types and no nodes", () => {
    const objectInfo: ObjectInfo = current;
    for (const class_type of ["constructor", "__proto__", "toString"]) {
      expect(validatePrompt({ "1": { class_type, inputs: {} } }, objectInfo)).toMatchObject({
        ok: false,
        error: { details: "Node ID '#1'" },
      });
    }
    expect(errorsOf(validatePrompt({ "2": save(["__proto__", 0]) }, current))["2"]).toHaveLength(1);
  });
});

test("only wanted outputs are judged when the client names some", () => {
  const prompt = { "1": image(), "2": save(["1", 0]), "3": save(["missing", 0]) };
  const judge = (partialExecutionTargets: string[]) =>
    validatePrompt(prompt, current, { partialExecutionTargets });
  expect(judge(["2"])).toEqual({ ok: true, outputs: ["2"], nodeErrors: {} });
  expect(judge(["1"])).toMatchObject({ ok: false, error: { type: "prompt_no_outputs" } });
});
