import { expect, test } from "vitest";
import { loadObjectInfo } from "./compat/object-info.ts";
import { estimateCost } from "./estimate-cost.ts";
import { templates } from "./templates/index.ts";

const template = (id: string) => {
  const found = templates.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no template ${id}`);
  return structuredClone(found.api);
};

/** The estimate of a template with one input changed. */
function changed(id: string, node: string, input: string, value: unknown) {
  const prompt = template(id);
  Object.assign(prompt[node]?.inputs ?? {}, { [input]: value });
  return estimateCost(prompt).seconds;
}

test("more steps, more pixels and more frames cost more", () => {
  const image = "flux2_klein_4b_text_to_image";
  const plain = estimateCost(template(image)).seconds;
  expect(changed(image, "7", "steps", 40)).toBeGreaterThan(plain * 1.8);
  expect(changed(image, "6", "width", 2048)).toBeGreaterThan(plain * 1.8);
  const video = "ltx2_text_to_video";
  expect(changed(video, "9", "length", 241)).toBeGreaterThan(
    estimateCost(template(video)).seconds * 1.5,
  );
});

test("guidance of 1 evaluates the model once a step", () => {
  const id = "flux2_klein_9b_text_to_image";
  expect(changed(id, "10", "cfg", 1)).toBeLessThan(estimateCost(template(id)).seconds * 0.6);
});

test("the distilled video is cheaper, and needs less memory", () => {
  const full = estimateCost(template("ltx2_text_to_video"));
  const distilled = estimateCost(template("ltx2_text_to_video_distilled"));
  expect(distilled.seconds).toBeLessThan(full.seconds / 1.5);
  expect(distilled.vramMiB).toBeLessThan(full.vramMiB);
});

test("the largest model decides, and an unknown one is not free", () => {
  const load = (unet_name: string) => ({ class_type: "UNETLoader", inputs: { unet_name } });
  const small = load("flux-2-klein-base-4b.safetensors");
  const large = load("ltx-2-19b-dev-fp8.safetensors");
  expect(estimateCost({ "1": small, "2": large })).toEqual(
    expect.objectContaining({ vramMiB: estimateCost({ "1": large }).vramMiB }),
  );
  expect(estimateCost({ "1": load("mystery.gguf") }).vramMiB).toBeGreaterThan(0);
});

test("a size that comes from a number node is followed", () => {
  const prompt = template("flux2_klein_4b_text_to_image");
  Object.assign(prompt, { n: { class_type: "PrimitiveInt", inputs: { value: 2048 } } });
  Object.assign(prompt["6"]?.inputs ?? {}, { width: ["n", 0] });
  expect(estimateCost(prompt).seconds).toBeGreaterThan(12);
});

test.each([undefined, null, [], "text", { "1": null, "2": { class_type: "KSampler" } }])(
  "%j has a finite cost above zero",
  (prompt) => {
    const { seconds, vramMiB } = estimateCost(prompt, loadObjectInfo("0.11.1"));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(vramMiB).toBe(0);
  },
);

test("strange sizes, and links in a circle, do not break it", () => {
  const prompt = template("flux2_klein_4b_text_to_image");
  Object.assign(prompt["6"]?.inputs ?? {}, { width: 1e308, height: 1e308 });
  Object.assign(prompt["11"]?.inputs ?? {}, { noise: ["12", 0] });
  expect(estimateCost(prompt).seconds).toBe(3600);
});
