import { expect, describe, test } from "vitest";
import sharp from "sharp";
import { workflowToPrompt } from "../compat/convert/workflow-to-prompt.ts";
import { withModels } from "../compat/file-options.ts";
import { capturedVersions, loadObjectInfo } from "../compat/object-info.ts";
import { validatePrompt } from "../compat/validate-prompt.ts";
import { estimateCost } from "../estimate-cost.ts";
import { templatesIndex } from "./browser-index.ts";
import { templates, templateThumbnail } from "./index.ts";
import type { Template } from "./index.ts";

const modelNames = ({ models }: Template): string[] => models.map(({ name }) => name);

describe.each(templates)("template $id", (template) => {
  test.each(capturedVersions())("is accepted by ComfyUI %s with its models on disk", (version) => {
    const objectInfo = withModels(loadObjectInfo(version), modelNames(template));
    expect(validatePrompt(template.api, objectInfo)).toMatchObject({ ok: true, nodeErrors: {} });
  });

  test("lists exactly the model files that its graph loads", () => {
    const inputs = Object.values(template.api).flatMap((node) => Object.values(node.inputs));
    const files = inputs.filter((value) => String(value).endsWith(".safetensors"));
    expect([...new Set(files)].sort()).toEqual(modelNames(template).sort());
  });

  test.each(capturedVersions())("is one graph in both formats of ComfyUI %s", (version) => {
    const { prompt, problems } = workflowToPrompt(template.ui, loadObjectInfo(version));
    expect(problems).toEqual([]);
    expect(prompt).toEqual(template.api);
  });

  test("has links that start and end at slots of the right type", () => {
    const nodes = new Map(template.ui.nodes.map((node) => [node.id, node]));
    for (const [id, origin, originSlot, target, targetSlot, type] of template.ui.links) {
      expect(nodes.get(target)?.inputs[targetSlot]?.link).toBe(id);
      expect(nodes.get(origin)?.outputs[originSlot]).toMatchObject({
        type,
        links: expect.arrayContaining([id]) as unknown,
      });
    }
  });

  test("is estimated within a factor of two of its own time, and to fit its own memory", () => {
    const { seconds, vramMiB } = estimateCost(template.api);
    expect(seconds).toBeGreaterThan(template.estimatedSeconds / 10);
    expect(seconds).toBeLessThan(template.estimatedSeconds * 2);
    expect(vramMiB).toBeGreaterThanOrEqual(template.vramMiB.min);
    expect(vramMiB).toBeLessThanOrEqual(template.vramMiB.max);
  });

  test("has a small WebP thumbnail", async () => {
    const picture = templateThumbnail(template.id);
    expect(picture?.length).toBeLessThanOrEqual(20 * 1024);
    expect(await sharp(picture).metadata()).toMatchObject({ format: "webp", width: 400 });
  });
});

test("the browser's index names every template once, the one without a model first", () => {
  const names = templatesIndex().flatMap((category) => category.templates.map(({ name }) => name));
  expect(names[0]).toBe("example_workflow");
  expect([...names].sort()).toEqual(templates.map(({ id }) => id).sort());
  expect(templatesIndex().map(({ title }) => title)).toEqual(["Getting Started", "Image", "Video"]);
});

test("there is no thumbnail outside the templates", () => {
  expect(templateThumbnail("../object-info")).toBeUndefined();
});
