/** What a capture keeps of an answer, and which answers are none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capturedVersionSchema, readObjectInfoFile, toCapture, writeCapture } from "./capture.ts";
import { fingerprintObjectInfo } from "./fingerprint.ts";
import { loadObjectInfo } from "./object-info.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-capture-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a machine with models answers it, with its prose. */
const chatty = () => {
  const answer = structuredClone(loadObjectInfo("0.11.1"));
  const loader = answer["CheckpointLoaderSimple"];
  const sampler = answer["KSampler"];
  if (!loader || !sampler) throw new Error("both are ComfyUI's own");
  return {
    ...answer,
    CheckpointLoaderSimple: {
      ...loader,
      description: "Loads a checkpoint",
      output_tooltips: ["the model"],
      input: { required: { ckpt_name: [["mine.safetensors"], { tooltip: "which" }] } },
    },
    KSampler: {
      ...sampler,
      input: {
        required: { ...sampler.input.required, description: ["STRING", { tooltip: "words" }] },
      },
    },
  };
};

describe("toCapture", () => {
  it("leaves prose and the machine's files out, and nothing else", () => {
    const capture = toCapture(chatty());
    expect(capture["CheckpointLoaderSimple"]).toMatchObject({
      input: { required: { ckpt_name: [[], {}] } },
    });
    expect(JSON.stringify(capture["CheckpointLoaderSimple"])).not.toMatch(/checkpoint the|which/);
    expect(capture["CheckpointLoaderSimple"]).not.toHaveProperty("description");
    expect(capture["KSampler"]?.input.required).toHaveProperty("description", ["STRING", {}]);
  });

  it.each(["0.9.2", "0.11.1"])("changes nothing that counts in the capture of %s", (version) => {
    const known = loadObjectInfo(version);
    expect(fingerprintObjectInfo(toCapture(known))).toBe(fingerprintObjectInfo(known));
  });

  it.each([
    [null, /not ComfyUI's object_info/],
    [{ error: "no" }, /not ComfyUI's object_info/],
    [{}, /names 0 node types only/],
    [Object.fromEntries(Object.entries(loadObjectInfo("0.9.2")).slice(0, 9)), /names 9 node types/],
  ])("refuses %j", (answer, fault) => {
    expect(() => toCapture(answer)).toThrow(fault);
  });
});

it("reads back what was written, and says what is wrong with another file", () => {
  const file = path.join(folder, "0.12.0.json");
  const capture = toCapture(chatty());
  writeCapture(file, capture);
  expect(readObjectInfoFile(file)).toEqual(capture);
  writeFileSync(file, "{}");
  expect(() => readObjectInfoFile(file)).toThrow(/is not an object_info/);
  writeFileSync(file, "{");
  expect(() => readObjectInfoFile(file)).toThrow(/can't be read/);
  expect(() => readObjectInfoFile(path.join(folder, "none.json"))).toThrow(/can't be read/);
});

it.each(["1", "v0.11.1", "../0.11.1", "0.11.1-rc", ""])("takes %j for no version", (version) => {
  expect(capturedVersionSchema.safeParse(version).success).toBe(false);
});
