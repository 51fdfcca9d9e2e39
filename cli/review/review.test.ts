/** What a review says, from made-up evidence and from the real node definitions. */
import { templates } from "@comfymulti/workflows";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { pairCell } from "../../policies/compatibility.ts";
import { training } from "../../workflows/compat/migrate/fixtures/training.ts";
import { parseSettings } from "../../stacks/settings.ts";
import { planUpgrade } from "../upgrade/plan.ts";
import { changesOf } from "./changes.ts";
import { definitionChanges } from "./definitions.ts";
import { interruptions } from "./interruption.ts";
import { markdown } from "./markdown.ts";
import { judgeGraphs } from "./stored-graphs.ts";
import { judge, type Evidence } from "./verdict.ts";
import { waysBack } from "./way-back.ts";

const settings = parseSettings("old", {
  "comfymulti:kind": "local",
  "comfymulti:users": "20",
  "comfymulti:workers": "3",
  "comfymulti:frontendVersion": "0.9.2",
  "comfymulti:workerVersion": "0.9.2",
});
const workers = { from: "0.9.2", to: "0.11.1" };

describe("stored graphs", () => {
  const image = {
    class_type: "EmptyImage",
    inputs: { width: 8, height: 8, batch_size: 1, color: 0 },
  };
  const save = { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "x" } };

  test("run, heal or are broken already; what is no graph is passed over", () => {
    const graphs = [
      { name: "runs", json: { "1": image, "2": save } },
      { name: "heals", json: training },
      { name: "broken", json: { "1": { class_type: "NoSuchNode", inputs: {} } } },
      { name: "no graph", json: ["a", "list"] },
    ];
    expect(judgeGraphs(graphs, workers).map(({ name, verdict }) => [name, verdict])).toEqual([
      ["runs", "runs"],
      ["heals", "heals"],
      ["broken", "broken"],
    ]);
  });

  test("meet changes of the nodes that they use alone", () => {
    const own = templates.map(({ id, api }) => ({ name: id, json: api }));
    const changes = definitionChanges(own, workers);
    expect(changes?.met).toEqual([]);
    expect(changes?.all).toEqual({ breaking: 3, migratable: 4, behavioural: 2, harmless: 26 });
  });
});

test("the engine's changes are told by what people notice, without components and replacement steps", () => {
  const event = (op: string, type: string, name: string, custom = true) =>
    ({
      resourcePreEvent: {
        metadata: { op, type, urn: `urn:pulumi:old::p::${type}::${name}`, new: { custom } },
      },
    }) as unknown as EngineEvent;
  const changes = changesOf([
    event("same", "comfymulti:index:Process", "redis"),
    event("update", "comfymulti:index:Process", "worker-2"),
    event("create-replacement", "docker:index/container:Container", "queue-manager-1"),
    event("replace", "docker:index/container:Container", "queue-manager-1"),
    event("delete-replaced", "docker:index/container:Container", "queue-manager-1"),
    event("delete", "verda:index:Instance", "worker-1-instance"),
    event("create", "docker:index/container:Container", "frontend-0-11-1"),
    event("update", "comfymulti:app-server:AppServer", "app-server", false),
    event("update", "comfymulti:index:Declaration", "old"),
  ]);
  expect(changes.map(({ name, operation, notice }) => [name, operation, notice])).toEqual([
    ["worker-2", "update", "worker"],
    ["queue-manager-1", "replace", "gateway"],
    ["worker-1-instance", "delete", "rented"],
    ["frontend-0-11-1", "create", "editor"],
    ["old", "update", "nobody"],
  ]);
});

describe("the verdict", () => {
  const evidence: Evidence = {
    ...{ hurdle: undefined, fault: undefined },
    ...{ graphs: [], violations: [], waysBack: [] },
  };
  const graph = (verdict: Evidence["graphs"][number]["verdict"]) => ({
    graphs: [{ name: "mine", verdict, reasons: [] }],
  });
  const way = { service: "worker", version: "0.9.2", image: undefined, isThere: false };

  test.each<[string, Partial<Evidence>, string, RegExp]>([
    ["that all runs", graph("runs"), "go", /runs as it is/],
    ["a graph that was broken before", graph("broken"), "go", /runs as it is/],
    ["a graph that heals", graph("heals"), "go with migration", /1 stored graph is refused/],
    ["a graph that breaks", graph("breaks"), "no-go", /mine runs now and would be refused/],
    ["a hurdle", { hurdle: "Phase x would …" }, "no-go", /Phase x/],
    ["an engine that could not look", { fault: "no credentials" }, "no-go", /no credentials/],
    ["a policy", { violations: ["rule: no"] }, "no-go", /A policy forbids it: rule: no/],
    ["no way back", { waysBack: [way] }, "no-go", /no image of worker 0.9.2/],
  ])("of %s", (_what, own, verdict, reason) => {
    const judged = judge({ ...evidence, ...own });
    expect(judged.verdict).toBe(verdict);
    expect(judged.reasons.join(" ")).toMatch(reason);
  });
});

test("the way back of a stack in the cloud needs the images of what runs now", () => {
  const digest = `@sha256:${"0".repeat(64)}`;
  const images = { frontend: { "0.9.2": `f${digest}` }, worker: {}, comfyuiFrontend: {} };
  const ways = waysBack({ ...settings, kind: "workshop", images: images as never });
  expect(ways).toEqual([
    { service: "frontend", version: "0.9.2", image: `f${digest}`, isThere: true },
    { service: "worker", version: "0.9.2", image: undefined, isThere: false },
  ]);
  expect(waysBack(settings).every(({ isThere }) => isThere)).toBe(true);
});

test("the Markdown says who is interrupted by each phase, and keeps its tables whole", () => {
  const { phases } = planUpgrade(settings, { frontend: "0.11.1", worker: "0.11.1" });
  const text = markdown({
    stack: "old",
    to: { worker: "0.11.1" },
    verdict: "go",
    reasons: ["Because."],
    workers,
    graphs: [{ name: "a|b", verdict: "heals", reasons: ["one\ntwo"] }],
    definitions: undefined,
    pair: pairCell("0.11.1", "0.11.1", settings.templates),
    preview: { changes: [], policies: [], price: "", fault: "no credentials" },
    phases: interruptions(phases, settings),
    advice: ["Better first on staging."],
    waysBack: waysBack(settings),
  });
  expect(text).toContain("| a\\|b | heals | one two |");
  expect(text).toContain("1. **frontend-canary** (frontend 0.11.1): user020 gets the new editor");
  expect(text).toContain("worker-1 ends its job (at most 30 minutes each) and is replaced; 2 of 3");
  expect(text).toContain("\n\nBetter first on staging.\n");
  expect(text).toContain("The engine could not look: no credentials");
});
