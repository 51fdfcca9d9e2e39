/** What the gateway knows of models: that no worker has one, and what jobs with them took of the GPU. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { missingModels } from "../src/submission/missing-models.ts";
import { LearnedVram } from "../src/submission/learned-vram.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { Host } from "./host.ts";
import { graph } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

test("a job whose model is on no worker is refused with a sentence that says so", async () => {
  const loader = {
    class_type: "UpscaleModelLoader",
    inputs: { model_name: "4x-unknown.safetensors" },
  };
  const upscale = {
    class_type: "ImageUpscaleWithModel",
    inputs: { upscale_model: ["7", 0], image: ["1", 0] },
  };
  const save = { class_type: "SaveImage", inputs: { images: ["8", 0], filename_prefix: "x" } };
  const prompt = { "1": graph["1"], "7": loader, "8": upscale, "9": save };
  const response = await gateway.alice.post("/api/prompt", { prompt });
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { type: string; details: string } };
  expect(error.type).toBe("prompt_outputs_failed_validation");
  expect(error.details).toMatch(/^The model file 4x-unknown\.safetensors is on no worker\./);
});

test("other values that are not in a list are no missing models", () => {
  const fault = {
    type: "value_not_in_list" as const,
    message: "Value not in list",
    details: "",
    extra_info: { received_value: "nearest" },
  };
  const node = { errors: [fault], dependent_outputs: ["3"], class_type: "ImageScale" };
  expect(missingModels({ "2": node })).toBeUndefined();
});

test("five jobs prove that an estimate was too high; none make it higher", async () => {
  const models = ["b.safetensors", "a.safetensors"];
  for (const peak of [9_000, 11_000, 10_000, 9_500]) {
    await gateway.queue.noteVramPeak(models, peak);
  }
  expect(await new LearnedVram(gateway.queue).needed(models, 20_000)).toBe(20_000);
  await gateway.queue.noteVramPeak(models.toReversed(), 9_000);
  const learned = new LearnedVram(gateway.queue);
  expect(await learned.needed(models, 20_000)).toBe(11_000);
  expect(await learned.needed(models, 5_000)).toBe(5_000);
  expect(await learned.needed(["other.safetensors"], 20_000)).toBe(20_000);
  const shown = await new Host(gateway).get("/vram");
  expect(shown).toEqual({
    peaks: [{ models: models.toSorted(), peaksMiB: [9_000, 11_000, 10_000, 9_500, 9_000] }],
  });
});
