import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { templates } from "../../templates/index.ts";
import type { Prompt } from "../../templates/index.ts";
import { withModels } from "../file-options.ts";
import { recordedObjectInfo, transcripts } from "../fixtures/transcripts.ts";
import type { ObjectInfo } from "../object-info.ts";
import { validatePrompt } from "../validate-prompt.ts";
import { migratePrompt } from "./migrate-prompt.ts";

const modelNames = templates.flatMap(({ models }) => models.map(({ name }) => name));
const objectInfoOf = (version: string): ObjectInfo =>
  withModels(recordedObjectInfo(version), modelNames);
const older = objectInfoOf("0.9.2");
const newer = objectInfoOf("0.11.1");

const recorded = transcripts.flatMap(({ comfyui, cases }) =>
  cases.map(({ title, request, status }) => ({ comfyui, title, status, prompt: request.prompt })),
);
const drift = (title: string): Prompt => {
  const found = recorded.find((entry) => entry.title === title);
  if (!found) throw new Error(`there is a recording of "${title}"`);
  return found.prompt as Prompt;
};

describe("graphs of 0.9.2 that 0.11.1 refuses", () => {
  test("get the new required input and follow the moved output, in words", () => {
    const prompt = drift("as v0.9.2 exports it: no bypass_mode, loss_map is output 2");
    expect(validatePrompt(prompt, newer).ok).toBe(false);
    const migration = migratePrompt(prompt, { from: older, to: newer });
    expect(migration.verdict).toMatchObject({ ok: true, nodeErrors: {} });
    expect(migration.remaining).toEqual([]);
    expect(migration.changes).toEqual([
      {
        nodeId: "4",
        nodeType: "TrainLoraNode",
        kind: "default-filled",
        input: "bypass_mode",
        detail: 'The input "bypass_mode" was missing and now has its default, false.',
      },
      {
        nodeId: "5",
        nodeType: "LossGraphNode",
        kind: "link-moved",
        input: "loss",
        detail:
          'The output "loss_map" of node 4 has moved from place 2 to 1: the link to "loss" follows it.',
      },
    ]);
    const asNewer = drift("as v0.11.1 exports it: bypass_mode, loss_map is output 1");
    expect(migration.prompt).toEqual(asNewer);
  });

  test("get what they can even when nobody says which version they were made for", () => {
    const prompt = drift("0.11.1 wiring but only bypass_mode missing");
    expect(migratePrompt(prompt, { to: newer })).toMatchObject({
      verdict: { ok: true },
      remaining: [],
    });
    const moved = drift("v0.9.2 export, SaveLoRA on output 1");
    expect(migratePrompt(moved, { to: newer })).toMatchObject({
      changes: [{ kind: "default-filled" }],
      remaining: [{ nodeId: "5", kind: "return_type_mismatch", input: "lora" }],
    });
    expect(migratePrompt(moved, { from: older, to: newer }).verdict.ok).toBe(true);
  });

  test("have links into inputs of any type moved when something else shows their age", () => {
    const prompt: Prompt = {
      ...drift("as v0.9.2 exports it: no bypass_mode, loss_map is output 2"),
      6: { class_type: "PreviewAny", inputs: { source: ["4", 2] } },
    };
    const { prompt: healed } = migratePrompt(prompt, { from: older, to: newer });
    expect(healed["6"]?.inputs).toEqual({ source: ["4", 1] });
    const again = migratePrompt(healed, { from: older, to: newer });
    expect(again.changes).toEqual([]);
    expect(again.prompt).toBe(healed);
    expect(again.remaining).toMatchObject([{ nodeId: "6", kind: "output-moved", input: "source" }]);
  });
});

const info = (node: Partial<ObjectInfo[string]>): ObjectInfo => ({
  Node: { input: {}, output: ["IMAGE"], output_node: true, ...node },
});
const one = (inputs: Record<string, unknown>): Prompt => ({ 1: { class_type: "Node", inputs } });

describe("a table of renames", () => {
  const to = info({
    input: { required: { new_name: ["INT", {}], method: [["fine", "coarse"], {}] } },
  });
  const renames = {
    Node: { inputs: { old_name: "new_name" }, options: { method: { smooth: "fine" } } },
  };

  test("renames inputs at their place, and values", () => {
    const { prompt, changes, verdict } = migratePrompt(one({ old_name: 3, method: "smooth" }), {
      to,
      renames,
    });
    expect(JSON.stringify(prompt["1"]?.inputs)).toBe('{"new_name":3,"method":"fine"}');
    expect(changes.map(({ kind, detail }) => [kind, detail])).toEqual([
      ["input-renamed", 'The input "old_name" is now called "new_name".'],
      ["option-renamed", '"smooth" of "method" is now called "fine".'],
    ]);
    expect(verdict.ok).toBe(true);
  });

  test("leaves an input alone whose new name is taken", () => {
    const { changes, remaining } = migratePrompt(
      one({ old_name: 3, new_name: 4, method: "fine" }),
      { to, renames },
    );
    expect(changes).toEqual([]);
    expect(remaining).toMatchObject([{ kind: "unknown-input", input: "old_name" }]);
  });

  test("renames a choice that brings inputs, which then get their defaults", () => {
    const inputs = { required: { size: ["INT", { default: 5 }] } };
    const choice = ["COMFY_DYNAMICCOMBO_V3", { options: [{ key: "by size", inputs }] }];
    const options = { renames: { Node: { options: { mode: { size: "by size" } } } } };
    const migration = migratePrompt(one({ mode: "size" }), {
      to: info({ input: { required: { mode: choice } } }),
      ...options,
    });
    expect(migration.prompt["1"]?.inputs).toEqual({ mode: "by size", "mode.size": 5 });
    expect(migration.verdict.ok).toBe(true);
    const [problem] = migratePrompt(one({ mode: "nobody" }), {
      to: info({ input: { required: { mode: choice } } }),
    }).remaining;
    expect(problem).toMatchObject({ kind: "unknown-choice", input: "mode" });
  });

  test("names outputs that moved under another name", () => {
    const from = {
      ...info({}),
      Source: { input: {}, output: ["A", "IMAGE"], output_name: ["a", "old"] },
    };
    const to = {
      ...info({ input: { required: { image: ["IMAGE"] } } }),
      Source: { input: {}, output: ["IMAGE", "A"], output_name: ["new", "a"] },
    };
    const prompt = { ...one({ image: ["2", 1] }), 2: { class_type: "Source", inputs: {} } };
    expect(migratePrompt(prompt, { from, to }).changes).toEqual([]);
    const table = { Source: { outputs: { old: "new" } } };
    const migration = migratePrompt(prompt, { from, to, renames: table });
    expect(migration.prompt["1"]?.inputs).toEqual({ image: ["2", 0] });
  });
});

describe("what is for a person to decide", () => {
  test("is reported and stays: values out of range, inputs that nobody knows, no default", () => {
    const to = info({
      input: { required: { steps: ["INT", { min: 1, max: 10 }], model: ["STRING", {}] } },
    });
    const prompt = one({ steps: 11, speed: 2 });
    const migration = migratePrompt(prompt, { to });
    expect(migration.prompt).toBe(prompt);
    expect(migration.changes).toEqual([]);
    expect(migration.remaining.map(({ kind, input }) => [kind, input])).toEqual([
      ["unknown-input", "speed"],
      ["value_bigger_than_max", "steps"],
      ["required_input_missing", "model"],
    ]);
  });

  test("includes a node type that went away, named with its node", () => {
    const prompt = one({});
    expect(migratePrompt(prompt, { to: {} }).remaining).toMatchObject([
      { nodeId: "1", nodeType: "Node", kind: "unknown-node" },
    ]);
  });

  test("does not include what the editor itself adds to some nodes", () => {
    const prompt = {
      1: { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: 0 } },
      2: {
        class_type: "PreviewAny",
        inputs: { source: ["1", 0], preview: "", previewMode: false },
      },
    };
    expect(migratePrompt(prompt, { to: newer }).remaining).toEqual([]);
  });
});

describe("a migration", () => {
  const everything = [
    ...templates.map(({ api }) => api as unknown),
    ...recorded.map(({ prompt }) => prompt),
  ];
  const versions = fc.constantFrom(older, newer, undefined);
  const prompts = fc.constantFrom(...everything.filter(isRecord));
  /** Takes an input away, or puts a value, a link or another slot in its place. */
  const mutated = fc
    .tuple(
      prompts,
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: -1, max: 4 })), { maxLength: 4 }),
    )
    .map(([prompt, edits]) => edits.reduce<Record<string, unknown>>(mutate, prompt));

  test("never changes what the newer version accepts", () => {
    fc.assert(
      fc.property(mutated, versions, fc.constantFrom(older, newer), (prompt, from, to) => {
        const verdict = validatePrompt(prompt, to);
        fc.pre(
          verdict.ok && Object.keys(verdict.nodeErrors).length === 0 && allReached(prompt, to),
        );
        const text = JSON.stringify(prompt);
        const migration = migratePrompt(prompt, { ...(from && { from }), to });
        expect(migration.changes).toEqual([]);
        expect(migration.prompt).toBe(prompt);
        expect(JSON.stringify(prompt)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test("twice is a migration once", () => {
    fc.assert(
      fc.property(mutated, versions, fc.constantFrom(older, newer), (prompt, from, to) => {
        const options = { ...(from && { from }), to };
        const once = migratePrompt(prompt, options);
        const twice = migratePrompt(once.prompt, options);
        expect(twice.changes).toEqual([]);
        expect(twice.prompt).toBe(once.prompt);
        expect(once.changes.length === 0).toBe(once.prompt === prompt);
      }),
      { numRuns: 500 },
    );
  });

  test("of anything else at all is no exception", () => {
    const json = JSON.parse(
      '{"__proto__": {"class_type": "SaveImage", "inputs": {"__proto__": 1}}}',
    ) as unknown;
    expect(migratePrompt(json, { from: older, to: newer }).verdict.ok).toBe(false);
    const nodes = fc.dictionary(
      fc.string(),
      fc.record({
        class_type: fc.oneof(
          fc.constantFrom("SaveImage", "TrainLoraNode", "constructor"),
          fc.string(),
        ),
        inputs: fc.jsonValue(),
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), nodes), (prompt) => {
        const { changes, verdict } = migratePrompt(prompt, { from: older, to: newer });
        expect(verdict.ok && changes.length === 0).toBe(verdict.ok);
      }),
    );
  });
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mutate(prompt: Record<string, unknown>, [at, where, how]: [number, number, number]) {
  const ids = Object.keys(prompt);
  const id = ids[at % ids.length] ?? "";
  const node = prompt[id];
  if (!isRecord(node) || !isRecord(node["inputs"])) return prompt;
  const names = Object.keys(node["inputs"]);
  const name = names[where % names.length];
  if (name === undefined) return prompt;
  const { [name]: value, ...rest } = node["inputs"];
  const link = Array.isArray(value) ? [value[0] as unknown, how] : how;
  return { ...prompt, [id]: { ...node, inputs: how < 0 ? rest : { ...rest, [name]: link } } };
}

/** ComfyUI judges only what an output needs; a node beside that may lack an input. */
function allReached(prompt: Record<string, unknown>, to: ObjectInfo): boolean {
  const nodes = prompt as Prompt;
  const reached = new Set<string>();
  const open = Object.keys(nodes).filter((id) => to[nodes[id]?.class_type ?? ""]?.output_node);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    const links = Object.values(nodes[id]?.inputs ?? {}).filter(Array.isArray);
    open.push(...links.map(([source]) => String(source)));
  }
  return reached.size === Object.keys(nodes).length;
}
