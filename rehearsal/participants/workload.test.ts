import {
  capturedVersions,
  loadObjectInfo,
  templates,
  validatePrompt,
  withModels,
} from "@comfymulti/workflows";
import { describe, expect, it } from "vitest";
import { Workload } from "./workload.ts";

const parts = { upload: "photo (1).png", prefix: "participants/run-00001", chance: () => 0.5 };

describe.each(capturedVersions())("on ComfyUI %s", (version) => {
  it.each(templates)("$id runs with the own picture beside it", (template) => {
    const objectInfo = loadObjectInfo(version);
    const workload = new Workload(template.id, objectInfo);
    const { prompt } = workload.graph(parts);

    const own = prompt[workload.ownPictureNode];
    expect(own?.class_type).toBe("SaveImage");
    const [source] = own?.inputs["images"] as [string, number];
    expect(prompt[source]).toMatchObject({
      class_type: "LoadImage",
      inputs: { image: "photo (1).png" },
    });
    const models = template.models.map(({ name }) => name);
    const verdict = validatePrompt(prompt, withModels(objectInfo, [...models, parts.upload]));
    expect(verdict).toMatchObject({ ok: true });
    expect(Object.keys(prompt)).toHaveLength(Object.keys(template.api).length + 2);
  });
});

it("gives each job other numbers, so that none comes out of a cache", () => {
  const workload = new Workload("flux2_klein_4b_text_to_image", loadObjectInfo("0.11.1"));
  const seeds = [0.25, 0.75].map((value) => {
    const { prompt } = workload.graph({ ...parts, chance: () => value });
    return Object.values(prompt).flatMap(({ inputs }) => inputs["noise_seed"] ?? []);
  });
  expect(seeds).toEqual([[2 ** 46], [3 * 2 ** 46]]);
});

it("leaves the template as it was", () => {
  const before = structuredClone(templates);
  new Workload("example_workflow", loadObjectInfo("0.11.1")).graph(parts);
  expect(templates).toEqual(before);
});

it("says which node a platform lacks", () => {
  const { EmptyImage: _without, ...poor } = loadObjectInfo("0.11.1");
  expect(() => new Workload("example_workflow", poor)).toThrow(/example_workflow.*EmptyImage/);
});
