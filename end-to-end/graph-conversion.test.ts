/**
 * The conversion of the editor's graphs against the editor itself: the official frontend of ComfyUI
 * 0.11.1 in a real browser is asked what it would send for each graph.
 */
import { loadObjectInfo, templates } from "@comfymulti/workflows";
import type { Prompt } from "@comfymulti/workflows";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildGraph } from "../workflows/compat/convert/fixtures/build-graph.ts";
import { graphs } from "../workflows/compat/convert/fixtures/graphs.ts";
import { workflowToPrompt } from "../workflows/compat/convert/workflow-to-prompt.ts";
import { training } from "../workflows/compat/migrate/fixtures/training.ts";
import { migrateWorkflow } from "../workflows/compat/migrate/migrate-workflow.ts";
import { launchBrowser } from "./browser/chromium.ts";
import { openOfficialEditor, type OfficialEditor } from "./graph-conversion/editor.ts";

/** Nodes whose values the editor makes while it sends them, or asks a server with files for. */
const EDITOR_ONLY = new Set([
  "Load3D",
  "LoadImageOutput",
  "LoadVideo",
  "Preview3D",
  "RecordAudio",
  "WebcamCapture",
]);

const objectInfo = loadObjectInfo("0.11.1");
let browser: Browser;
let editor: OfficialEditor;

beforeAll(async () => {
  browser = await launchBrowser();
  editor = await openOfficialEditor(browser);
});

afterAll(async () => {
  await (editor as OfficialEditor | undefined)?.close();
  await (browser as Browser | undefined)?.close();
});

test.each(templates)("template $id is sent by the editor as it is converted", async ({ ui }) => {
  expect(workflowToPrompt(ui, objectInfo).prompt).toEqual((await editor.send(ui)).output);
});

test.each(Object.entries(graphs))("the editor agrees on %s", async (_, graph) => {
  const { output, workflow } = await editor.send(graph);
  expect(converted(graph)).toEqual(untitled(output));
  expect(converted(workflow), "as the editor saves it").toEqual(untitled(output));
});

test("a workflow of 0.9.2 is sent as its migration says", async () => {
  const migration = migrateWorkflow(training, { from: loadObjectInfo("0.9.2"), to: objectInfo });
  const { output } = await editor.send(migration.workflow);
  expect(migration.changes).not.toEqual([]);
  expect(untitled(migration.prompt)).toEqual(untitled(output));
});

test("every node type has the widgets and the values that the editor gives it", async () => {
  const types = Object.keys(objectInfo).filter((type) => !EDITOR_ONLY.has(type));
  const graph = buildGraph(types.map((type, index) => ({ id: index + 1, type })));
  const { output, workflow } = await editor.send(graph);
  expect(Object.keys(output)).toHaveLength(types.length);
  expect(converted(graph)).toEqual(untitled(output));
  // Where no file is on disk, the editor saves null and sends nothing.
  expect(withoutNull(converted(workflow)), "as the editor saves it").toEqual(untitled(output));
});

const converted = (graph: unknown) => untitled(workflowToPrompt(graph, objectInfo).prompt);

/** The editor translates the titles of nodes that have none of their own. */
const untitled = (prompt: Prompt) =>
  Object.fromEntries(
    Object.entries(prompt).map(([id, { class_type, inputs }]) => [id, { class_type, inputs }]),
  );

const withoutNull = (prompt: Record<string, Pick<Prompt[string], "class_type" | "inputs">>) =>
  Object.fromEntries(
    Object.entries(prompt).map(([id, { class_type, inputs }]) => {
      const stated = Object.entries(inputs).filter(([, value]) => value !== null);
      return [id, { class_type, inputs: Object.fromEntries(stated) }];
    }),
  );
