import { expect, describe, test } from "vitest";
import sharp from "sharp";
import { withModels } from "../compat/file-options.ts";
import {
  capturedVersions,
  comboOptions,
  loadObjectInfo,
  readInputSpec,
} from "../compat/object-info.ts";
import { validatePrompt } from "../compat/validate-prompt.ts";
import { estimateCost } from "../estimate-cost.ts";
import { templatesIndex } from "./browser-index.ts";
import { templates, templateThumbnail } from "./index.ts";
import type { Prompt, Template, Workflow } from "./index.ts";

const current = loadObjectInfo("0.11.1");
const WIDGETS = ["INT", "FLOAT", "STRING", "BOOLEAN"];

/** A node's inputs that the editor shows as widgets, in its order; `extra`: one more value follows. */
function widgetsOf(classType: string): { name: string; extra: boolean }[] {
  const { required, optional } = current[classType]?.input ?? {};
  return Object.entries({ ...required, ...optional }).flatMap(([name, raw]) => {
    const spec = readInputSpec(raw);
    if (!spec || spec.options["forceInput"] === true) return [];
    const isWidget = comboOptions(spec) !== undefined || WIDGETS.includes(String(spec.type));
    return isWidget ? [{ name, extra: spec.options["control_after_generate"] === true }] : [];
  });
}

/** What the editor sends when it runs this workflow. */
function promptOf(workflow: Workflow): Prompt {
  const links = new Map(workflow.links.map((link) => [link[0], link]));
  return Object.fromEntries(
    workflow.nodes.map((node) => {
      const inputs: Record<string, unknown> = {};
      const values = [...node.widgets_values];
      for (const { name, extra } of widgetsOf(node.type)) {
        inputs[name] = values.shift();
        if (extra) expect(["fixed", "randomize"]).toContain(values.shift());
      }
      expect(values).toEqual([]);
      for (const { name, link } of node.inputs) {
        const found = link === null ? undefined : links.get(link);
        if (found) inputs[name] = [String(found[1]), found[2]];
      }
      return [String(node.id), { class_type: node.type, inputs }];
    }),
  );
}

const bare = (prompt: Prompt): Prompt =>
  Object.fromEntries(
    Object.entries(prompt).map(([id, { class_type, inputs }]) => [id, { class_type, inputs }]),
  );

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

  test("is one graph in both formats", () => {
    expect(promptOf(template.ui)).toEqual(bare(template.api));
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
