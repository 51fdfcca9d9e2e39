/** The comparison with the editor itself is in `end-to-end/graph-conversion.test.ts`. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { templates } from "../../templates/index.ts";
import { loadObjectInfo } from "../object-info.ts";
import { validatePrompt } from "../validate-prompt.ts";
import { firstChoice } from "./dynamic-prompt.ts";
import { buildGraph } from "./fixtures/build-graph.ts";
import { graphs } from "./fixtures/graphs.ts";
import { isPrompt, isWorkflow, readGraph } from "./formats.ts";
import { workflowToPrompt } from "./workflow-to-prompt.ts";

const objectInfo = loadObjectInfo("0.11.1");
const convert = (graph: unknown) => workflowToPrompt(graph, objectInfo);
const inputsOf = (graph: unknown, id: string) => convert(graph).prompt[id]?.inputs;

describe("a graph in the editor's format", () => {
  test.each(Object.keys(graphs) as (keyof typeof graphs)[])(
    "is converted without a problem: %s",
    (name) => {
      const { outputs, problems } = convert(graphs[name]);
      expect(problems).toEqual([]);
      expect(outputs).toHaveLength(1);
    },
  );

  test("loses muted nodes and the inputs that they fed", () => {
    const { prompt } = convert(graphs["muted nodes"]);
    expect(Object.keys(prompt)).toEqual(["1", "3", "4"]);
    expect(prompt["3"]?.inputs).toEqual({ image1: ["1", 0] });
  });

  test("passes a bypassed node's input on by its type", () => {
    expect(inputsOf(graphs["bypassed nodes"], "4")).toMatchObject({ images: ["1", 0] });
    const lora = graphs["a bypassed node with several outputs"];
    expect(inputsOf(lora, "3")).toMatchObject({ clip: ["1", 1] });
    expect(inputsOf(lora, "5")).toMatchObject({ model: ["1", 0], seed: 7, steps: 20, denoise: 1 });
    const sampler = graphs["a bypassed node whose input is further down"];
    expect(inputsOf(sampler, "6")).toMatchObject({ samples: ["4", 0] });
  });

  test("has neither reroutes nor notes nor primitives, only what they did", () => {
    expect(Object.keys(convert(graphs.reroutes).prompt)).toEqual(["1", "5", "6"]);
    expect(inputsOf(graphs.reroutes, "5")).toEqual({ image1: ["1", 0], image2: ["1", 0] });
    expect(inputsOf(graphs["primitive nodes"], "2")).toMatchObject({ width: 768, height: 768 });
  });

  test("has its subgraphs laid out, each with the values shown outside", () => {
    const graph = graphs["a subgraph with a value of its own"];
    expect(Object.keys(convert(graph).prompt).sort()).toEqual([
      "1",
      "2:1",
      "2:2",
      "3:1",
      "3:2",
      "4",
    ]);
    expect(inputsOf(graph, "2:2")).toMatchObject({ image: ["2:1", 0], width: 333 });
    expect(inputsOf(graph, "3:1")).toEqual({ image: ["2:2", 0] });
    expect(inputsOf(graph, "3:2")).toMatchObject({ width: 444, height: 480 });
    expect(inputsOf(graph, "4")).toMatchObject({ images: ["3:2", 0] });
    const nested = graphs["subgraphs in subgraphs"];
    expect(inputsOf(nested, "7:5:2")).toMatchObject({ width: 777 });
    expect(inputsOf(nested, "3")).toMatchObject({ images: ["7:5:2", 0] });
  });

  test("names what a choice brings and what grows by outer.inner", () => {
    expect(inputsOf(graphs["a choice that brings inputs"], "2")).toMatchObject({
      resize_type: "scale longer dimension",
      "resize_type.longer_size": 700,
      scale_method: "area",
    });
    expect(inputsOf(graphs["inputs that grow"], "4")).toEqual({
      "images.image0": ["1", 0],
      "images.image1": ["2", 0],
      "images.image2": ["3", 0],
    });
  });

  test("may hold widget values by name", () => {
    const values = { height: 64, width: 32, color: 7 };
    const graph = buildGraph([{ id: 1, type: "EmptyImage", values }]);
    expect(inputsOf(graph, "1")).toEqual({ width: 32, height: 64, batch_size: 1, color: 7 });
  });

  test("may write its links as objects, as version 1 does", () => {
    const old = graphs["primitive nodes"];
    const links = old.links.map(([id, origin_id, origin_slot, target_id, target_slot, type]) => {
      return { id, origin_id, origin_slot, target_id, target_slot, type };
    });
    expect(convert({ ...old, version: 1, links })).toEqual(convert(old));
  });

  test("may still hold values of inputs that are sockets now", () => {
    const forced = {
      ...objectInfo,
      Old: {
        input: {
          required: { a: ["INT", { forceInput: true }], seed: ["INT", {}], b: ["INT", {}] },
        },
        output: [],
      },
    };
    const graph = buildGraph([{ id: 1, type: "Old", values: [1, 2, "fixed", 3] }]);
    expect(workflowToPrompt(graph, forced).prompt["1"]?.inputs).toEqual({ seed: 2, b: 3 });
  });
});

describe("a problem of a graph", () => {
  const kinds = (graph: unknown) => convert(graph).problems.map(({ kind }) => kind);

  test("is a node type that ComfyUI does not know; the node stays, so that the answer names it", () => {
    const graph = buildGraph([{ id: 1, type: "Nobody's", values: { a: 1 } }]);
    expect(convert(graph)).toMatchObject({
      prompt: { 1: { class_type: "Nobody's", inputs: { a: 1 } } },
      problems: [{ kind: "unknown-node", nodeId: "1", nodeType: "Nobody's" }],
    });
    expect(validatePrompt(convert(graph).prompt, objectInfo).ok).toBe(false);
    expect(kinds(buildGraph([{ id: 1, type: "constructor" }]))).toEqual(["unknown-node"]);
  });

  test("is a group node, a link that is not there, a circle of links, a value made in the browser", () => {
    expect(kinds(buildGraph([{ id: 1, type: "workflow>mine" }]))).toEqual(["group-node"]);
    const save = { id: 2, type: "SaveImage", from: { images: [1, 0] as const } };
    expect(kinds(buildGraph([save]))).toEqual(["broken-link"]);
    const circle = { id: 1, type: "Reroute", from: { "": [1, 0] as const }, gives: ["*"] };
    expect(kinds(buildGraph([circle, save]))).toEqual(["link-cycle"]);
    expect(kinds(buildGraph([{ id: 1, type: "WebcamCapture" }]))).toEqual(["editor-only-input"]);
  });

  test("is a subgraph that contains itself, or that grows without end", () => {
    const nodes = [{ id: 1, type: "loop" }];
    const loop = buildGraph(nodes, [{ id: "loop", nodes }]);
    expect(convert(loop).problems).toMatchObject([
      { kind: "invalid-workflow", message: expect.stringContaining("contains itself") as string },
    ]);
    const deep = Array.from({ length: 20 }, (_, depth) => ({
      id: `level ${depth}`,
      nodes: Array.from({ length: 10 }, (__, id) => ({ id, type: `level ${depth + 1}` })),
    }));
    expect(convert(buildGraph([{ id: 1, type: "level 0" }], deep)).problems).toMatchObject([
      {
        kind: "invalid-workflow",
        message: expect.stringContaining("more than 20000 nodes") as string,
      },
    ]);
  });

  test.each([
    ["nothing", undefined],
    ["a text", "{}"],
    ["a list", []],
    ["nodes without a type", { nodes: [{ id: 1 }] }],
    [
      "too many nodes",
      { nodes: Array.from({ length: 10_001 }, (_, id) => ({ id, type: "Note" })) },
    ],
  ])("is one sentence when there is no graph in it: %s", (_, json) => {
    const { prompt, problems } = convert(json);
    expect(prompt).toEqual({});
    expect(problems).toMatchObject([
      {
        kind: "invalid-workflow",
        message: expect.stringMatching(/^The workflow cannot be read.*\.$/) as string,
      },
    ]);
  });

  test("of any JSON is a problem and no exception", () => {
    const [ui] = templates.map((template) => template.ui);
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.record({
        nodes: fc.array(fc.jsonValue()),
        links: fc.jsonValue(),
        definitions: fc.jsonValue(),
      }),
      fc
        .tuple(
          fc.nat(7),
          fc.constantFrom("id", "type", "inputs", "outputs", "widgets_values", "mode"),
          fc.jsonValue(),
        )
        .map(([index, key, value]) => ({
          ...ui,
          nodes: ui?.nodes.map((node, at) => (at === index ? { ...node, [key]: value } : node)),
        })),
    );
    fc.assert(
      fc.property(hostile, (json) => {
        const { prompt, problems } = readGraph(json, objectInfo);
        expect(Object.keys(prompt).length + problems.length).toBeGreaterThanOrEqual(0);
        expect(problems.every(({ message }) => message.endsWith("."))).toBe(true);
      }),
    );
  });

  test("is a graph in which thousands of nodes hang on a chain of thousands", () => {
    const nodes = Array.from({ length: 8000 }, (_, id) => ({
      id,
      type: id < 4000 ? "Reroute" : "SaveImage",
      inputs: [{ name: id < 4000 ? "" : "images", type: "*", link: id }],
    }));
    const links = nodes.map(({ id }) => [id, Math.min(id - 1, 3999), 0, id, 0, "*"]);
    expect(convert({ nodes, links }).problems).toMatchObject([
      { kind: "invalid-workflow", message: expect.stringContaining("too many links") as string },
    ]);
  });

  test("is none in a chain of ten thousand reroutes", () => {
    const chain = Array.from({ length: 9000 }, (_, index) => ({
      id: index + 2,
      type: "Reroute",
      from: { "": [index + 1, 0] as const },
    }));
    const nodes = [{ id: 1, type: "EmptyImage" }, ...chain];
    const graph = {
      nodes: [
        ...nodes.map(({ id, type }) => ({
          id,
          type,
          inputs: type === "Reroute" ? [{ name: "", type: "*", link: id - 1 }] : [],
        })),
        { id: 0, type: "SaveImage", inputs: [{ name: "images", type: "IMAGE", link: 9001 }] },
      ],
      links: [...nodes.map(({ id }) => [id, id, 0, id + 1, 0, "*"])],
    };
    expect(inputsOf(graph, "0")).toMatchObject({ images: ["1", 0] });
  });
});

test("the two formats are told apart, and either is read", () => {
  const [template] = templates;
  if (!template) throw new Error("there is a template");
  expect([isWorkflow(template.ui), isPrompt(template.ui)]).toEqual([true, false]);
  expect([isWorkflow(template.api), isPrompt(template.api)]).toEqual([false, true]);
  const fromWorkflow = readGraph(template.ui, objectInfo);
  expect(fromWorkflow.format).toBe("workflow");
  expect(readGraph(template.api, objectInfo)).toEqual({ ...fromWorkflow, format: "prompt" });
  for (const json of [null, [], {}, "x", { 1: { inputs: {} } }]) {
    expect(readGraph(json, objectInfo)).toMatchObject({ format: "unknown", prompt: {} });
  }
});

test.each([
  ["plain // gone\nkept", "plain \nkept"],
  ["a /* gone */ b /* not closed", "a  b /* not closed"],
  ["a {red|blue} cat", "a red cat"],
  ["{a {b|c} d|e} f", "a b d f"],
  ["{a|{b|c}} d | e", "a d | e"],
  ["\\{kept\\} \\n {x", "{kept} \\n x"],
])("a text with choices is sent with the first ones: %j", (text, sent) => {
  expect(firstChoice(text)).toBe(sent);
});
