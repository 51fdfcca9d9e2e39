import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { templates } from "../../templates/index.ts";
import { buildGraph } from "../convert/fixtures/build-graph.ts";
import { graphs } from "../convert/fixtures/graphs.ts";
import { withModels } from "../file-options.ts";
import { loadObjectInfo } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import { training } from "./fixtures/training.ts";
import { migrateWorkflow } from "./migrate-workflow.ts";

const models = [
  "dummy.safetensors",
  ...templates.flatMap((template) => template.models.map(({ name }) => name)),
];
const older = withModels(loadObjectInfo("0.9.2"), models);
const newer = withModels(loadObjectInfo("0.11.1"), models);

describe("a workflow of 0.9.2 that 0.11.1 would refuse", () => {
  const migration = migrateWorkflow(training, { from: older, to: newer });

  test("becomes one that runs, and says how", () => {
    expect(migrateWorkflow(training, { to: older }).remaining).toEqual([]);
    expect(migration.verdict).toMatchObject({ ok: true, nodeErrors: {} });
    expect(migration.remaining).toEqual([]);
    expect(migration.changes.map(({ nodeId, kind, input }) => [nodeId, kind, input])).toEqual([
      ["4", "values-reordered", undefined],
      ["4", "default-filled", "bypass_mode"],
      ["4", "link-moved", undefined],
      ["4", "link-moved", undefined],
      ["4", "link-moved", undefined],
    ]);
    expect(migration.prompt["5"]?.inputs).toMatchObject({ loss: ["4", 1] });
    expect(migration.prompt["4"]?.inputs).toMatchObject({
      steps: 16,
      algorithm: "LoRA",
      bypass_mode: false,
    });
  });

  test("is not migrated again", () => {
    const again = migrateWorkflow(migration.workflow, { from: older, to: newer });
    expect(again.changes).toEqual([]);
    expect(again.workflow).toBe(migration.workflow);
  });
});

const info = (required: Record<string, unknown>): ObjectInfo => ({
  ...newer,
  Node: { input: { required }, output: ["IMAGE"], output_node: true },
});
const graph = (values: unknown[]) => buildGraph([{ id: 1, type: "Node", values }]);
const inputs = (workflow: unknown, from: ObjectInfo, to: ObjectInfo, renames = {}) =>
  migrateWorkflow(workflow, { from, to, renames });

describe("stored widget values", () => {
  const before = info({ seed: ["INT", {}], name: ["STRING", {}], mode: [["a", "b"], {}] });

  test("move with their widgets when a new one comes in between", () => {
    const after = info({
      seed: ["INT", {}],
      tiles: ["INT", { default: 4 }],
      name: ["STRING", {}],
      mode: [["a", "b"], {}],
    });
    const migration = inputs(graph([7, "increment", "cat", "b"]), before, after);
    expect(migration.workflow).toMatchObject({
      nodes: [{ widgets_values: [7, "increment", 4, "cat", "b"] }],
    });
    expect(migration.prompt["1"]?.inputs).toEqual({ seed: 7, tiles: 4, name: "cat", mode: "b" });
    expect(migration.changes.map(({ kind, input }) => [kind, input])).toEqual([
      ["values-reordered", undefined],
      ["default-filled", "tiles"],
    ]);
  });

  test("that leave with their widget are named", () => {
    const after = info({ seed: ["INT", {}], mode: [["a", "b"], {}] });
    const migration = inputs(graph([7, "fixed", "cat", "b"]), before, after);
    expect(migration.prompt["1"]?.inputs).toEqual({ seed: 7, mode: "b" });
    expect(migration.changes[0]?.detail).toContain('"cat" of "name" is gone with its widget');
  });

  test("are followed by the defaults of widgets that came behind them", () => {
    const graph = buildGraph([
      { id: 1, type: "EmptyImage", values: [64, 64, 1, 0], gives: ["IMAGE"] },
      {
        id: 2,
        type: "ImageScaleToTotalPixels",
        values: ["area", 1],
        from: { image: [1, 0] },
        gives: ["IMAGE"],
      },
      { id: 3, type: "SaveImage", values: ["x"], from: { images: [2, 0] } },
    ]);
    const migration = migrateWorkflow(graph, { to: newer });
    expect(migration.changes).toMatchObject([
      { nodeId: "2", kind: "default-filled", input: "resolution_steps" },
    ]);
    expect(migration.prompt["2"]?.inputs).toMatchObject({ resolution_steps: 1 });
  });

  test("that fit both versions in different ways stay, and are reported", () => {
    const one = info({ a: ["INT", {}], b: ["INT", {}] });
    const other = info({ b: ["INT", {}], a: ["INT", {}] });
    const { changes, remaining } = inputs(graph([1, 2]), one, other);
    expect(changes).toEqual([]);
    expect(remaining).toMatchObject([{ nodeId: "1", kind: "values-unclear" }]);
  });

  test("and inputs are renamed by the table", () => {
    const from = info({ old: ["INT", {}], mode: [["a", "b"], {}] });
    const after = info({ mode: [["a", "B"], {}], fresh: ["INT", {}] });
    const renames = { Node: { inputs: { old: "fresh" }, options: { mode: { b: "B" } } } };
    const linked = buildGraph([
      { id: 1, type: "Node", values: [3, "b"], from: { old: [2, 0] } },
      { id: 2, type: "PrimitiveInt", values: [5, "fixed"], gives: ["INT"] },
    ]);
    const migration = inputs(linked, from, after, renames);
    expect(migration.prompt["1"]?.inputs).toEqual({ mode: "B", fresh: ["2", 0] });
    expect(migration.verdict.ok).toBe(true);
    expect(inputs(migration.workflow, from, after, renames).changes).toEqual([]);
  });
});

describe("a workflow", () => {
  test.each([...Object.entries(graphs), ...templates.map(({ id, ui }) => [id, ui] as const)])(
    "that fits stays as it is: %s",
    (_, workflow) => {
      for (const from of [older, newer]) {
        const migration = migrateWorkflow(workflow, { from, to: newer });
        const changes = migration.changes.filter(({ kind }) => kind !== "default-filled");
        expect(changes).toEqual([]);
        if (migration.changes.length === 0) expect(migration.workflow).toBe(workflow);
      }
    },
  );

  test("of any kind is no exception, and migrating it twice is migrating it once", () => {
    const values = fc.array(fc.jsonValue(), { maxLength: 18 });
    const changed = fc.tuple(fc.nat(4), values).map(([at, widgets_values]) => ({
      ...training,
      nodes: training.nodes.map((node, index) =>
        index === at ? { ...node, widgets_values } : node,
      ),
    }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), changed), (workflow) => {
        const once = migrateWorkflow(workflow, { from: older, to: newer });
        const twice = migrateWorkflow(once.workflow, { from: older, to: newer });
        expect(twice.changes).toEqual([]);
        expect(twice.workflow).toBe(once.workflow);
      }),
    );
  });
});
