import { describe, expect, it } from "vitest";
import { modelManifest, modelManifestSchema, modelPath } from "./models.ts";
import { templates } from "./templates/index.ts";

const file = { folder: "vae", name: "small.safetensors", sizeBytes: 5 };

describe("the model manifest", () => {
  it("lists for each template the files that the template itself names", () => {
    expect(modelManifest.templates).toEqual(
      Object.fromEntries(templates.map(({ id, models }) => [id, models.map(modelPath)])),
    );
  });

  it("holds no file that no template needs", () => {
    const needed = new Set(Object.values(modelManifest.templates).flat());
    expect(modelManifest.files.map(modelPath).filter((path) => !needed.has(path))).toEqual([]);
  });

  it("says of every file either its exact size and checksum or that the size is approximate", () => {
    for (const { name, sha256, approximate } of modelManifest.files) {
      expect([name, sha256 !== undefined]).toEqual([name, approximate === undefined]);
    }
  });

  it.each([
    { ...file, folder: "../outside" },
    { ...file, folder: "/etc" },
    { ...file, folder: "vae/../.." },
    { ...file, folder: "." },
    { ...file, name: "../small.safetensors" },
    { ...file, name: ".." },
    { ...file, name: "a/b.safetensors" },
    { ...file, name: "a\\b.safetensors" },
    { ...file, name: "a\0b.safetensors" },
    { ...file, name: "-rf.safetensors" },
    { ...file, sizeBytes: -1 },
    { ...file, sha256: "abc" },
  ])("refuses $folder/$name ($sizeBytes bytes, sum $sha256)", (bad) => {
    expect(modelManifestSchema.safeParse({ files: [bad], templates: {} }).success).toBe(false);
  });

  it("refuses a file listed twice and a template that names an unknown file", () => {
    const verdict = modelManifestSchema.safeParse({
      files: [file, file],
      templates: { one: ["vae/other.safetensors"] },
    });
    expect(verdict.error?.issues.map(({ message }) => message)).toEqual([
      "vae/small.safetensors twice",
      "names vae/other.safetensors, which is not among the files",
    ]);
  });
});
