/** The workflows of a ComfyUI's own editor, saved and read under names with folders and blanks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import type { SimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ComfyuiClient } from "../src/comfyui/client.ts";
import { FileMissingError } from "../src/comfyui/errors.ts";
import { listWorkflows, readWorkflow, saveWorkflow } from "../src/comfyui/workflows.ts";

let directory: string;
let server: SimulatedComfyui;
let comfyui: ComfyuiClient;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "comfymulti-workflows-"));
  server = await createSimulatedComfyui({ dataDirectory: directory, speed: 1000 });
  comfyui = new ComfyuiClient(server.url, 5_000);
});
afterAll(async () => {
  await comfyui.close();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const graph = JSON.stringify({ nodes: [], links: [], version: 0.4 });

it("lists nothing before the first workflow is saved", async () => {
  expect(await listWorkflows(comfyui)).toEqual([]);
});

it("saves under a name with a folder, blanks and signs, and reads the same bytes back", async () => {
  const name = "day 1/Größe 100% #2?.json";
  expect(await saveWorkflow(comfyui, name, graph, false)).toBe(true);
  expect(await listWorkflows(comfyui)).toEqual([name]);
  expect(await readWorkflow(comfyui, name)).toBe(graph);
});

it("keeps a workflow that exists unless it is told to overwrite", async () => {
  const name = "mine.json";
  await saveWorkflow(comfyui, name, graph, false);
  expect(await saveWorkflow(comfyui, name, "{}", false)).toBe(false);
  expect(await readWorkflow(comfyui, name)).toBe(graph);
  expect(await saveWorkflow(comfyui, name, "{}", true)).toBe(true);
  expect(await readWorkflow(comfyui, name)).toBe("{}");
});

it("says that a workflow is not there", async () => {
  await expect(readWorkflow(comfyui, "none.json")).rejects.toThrow(FileMissingError);
});

it.each(["../settings.json", "a//b.json", "/etc/x.json", "no-ending", "a\\b.json"])(
  "refuses the name %s before anything is sent",
  async (name) => {
    await expect(saveWorkflow(comfyui, name, graph, true)).rejects.toThrow(/must/);
  },
);
