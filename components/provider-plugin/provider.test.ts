import * as rpc from "@pulumi/pulumi/runtime/rpc.js";
import { expect, test } from "vitest";
import { z } from "zod";
import { createProvider } from "./provider.ts";
import { PartialFailure } from "./resource-type.ts";
import type { ResourceType } from "./resource-type.ts";
import { wrapSecret } from "./wire.ts";

/** The dispatcher alone, with a type that only remembers; the engine's part is end-to-end. */

const inputsSchema = z.strictObject({
  place: z.string().min(2),
  port: z.number().int().default(80),
  labels: z.record(z.string(), z.string()).optional(),
  password: z.string().min(3),
});
const stateSchema = z.object({ ...inputsSchema.shape, status: z.string() });
type Inputs = z.infer<typeof inputsSchema>;
type State = z.infer<typeof stateSchema>;

const given: Inputs[] = [];
const shed: ResourceType<Inputs, State> = {
  name: "Shed",
  inputs: inputsSchema,
  state: stateSchema,
  secrets: ["password"],
  replacedBy: ["place"],
  needsUpdate: ({ status }) => status === "broken",
  check: ({ port }, old) =>
    Promise.resolve(
      port === 666 && old?.port !== 666 ? [{ property: "port", reason: "is not free" }] : [],
    ),
  replaces(old, next) {
    if (next.port < 10) throw new Error("port: too small for a shed");
    return next.port > 1000 && old.port <= 1000 ? ["port"] : [];
  },
  import: (id) =>
    Promise.resolve(
      id === "nowhere" ? undefined : { place: id, port: 80, password: "sesame", status: "fine" },
    ),
  async create(inputs) {
    given.push(inputs);
    if (inputs.place === "bog") {
      throw new PartialFailure("it sinks", { ...inputs, status: "broken" }, "bog");
    }
    return { id: inputs.place, state: { ...inputs, status: "fine" } };
  },
  async read(state) {
    return state.status === "gone" ? undefined : state;
  },
  async update(_old, next) {
    if (next.port === 13) throw new PartialFailure("no such luck", { ...next, status: "broken" });
    return { ...next, status: "fine" };
  },
  async delete() {},
};
const provider = createProvider("0.0.1", [shed]);
const urn = "urn:pulumi:stack::project::a:b:C$comfymulti:index:Shed::shed";
const inputs = { place: "garden", password: wrapSecret("sesame") };
const state = { place: "garden", port: 80, password: wrapSecret("sesame"), status: "fine" };

test("all faults of the inputs come together, each with its property path", async () => {
  const faulty = { place: "x", port: 1.5, labels: { a: 1 }, password: "sesame", prot: 2 };
  const checked = await provider.check?.(urn, {}, faulty);
  expect(checked?.failures?.map(({ property }) => property).sort()).toEqual([
    "labels.a",
    "place",
    "port",
    "prot",
  ]);
});

test("a value that is not known yet is no fault, and a secret stays wrapped", async () => {
  const unknown = { ...inputs, port: rpc.unknownValue };
  const checked = await provider.check?.(urn, {}, unknown);
  expect(checked).toEqual({ inputs: unknown, failures: [] });
  const difference = await provider.diff?.("garden", urn, state, unknown);
  expect(difference).toMatchObject({ changes: true, replaces: [] });
});

test("a resource gets its inputs bare and with defaults, and its secrets come back wrapped", async () => {
  expect(await provider.create?.(urn, inputs)).toEqual({ id: "garden", outs: state });
  expect(given).toEqual([{ place: "garden", port: 80, password: "sesame" }]);
});

test.each([
  ["nothing", state, inputs, { changes: false, replaces: [] }],
  ["a default spelled out", state, { ...inputs, port: 80 }, { changes: false, replaces: [] }],
  ["a port", state, { ...inputs, port: 81 }, { changes: true, replaces: [] }],
  ["a secret", state, { ...inputs, password: "open" }, { changes: true, replaces: [] }],
  ["the place", state, { ...inputs, place: "yard" }, { changes: true, replaces: ["place"] }],
  ["a dropped property", { ...state, labels: {} }, inputs, { changes: true, replaces: [] }],
  ["only the status", { ...state, status: "broken" }, inputs, { changes: true, replaces: [] }],
])("a difference in %s is judged rightly", async (_what, old, next, expected) => {
  expect(await provider.diff?.("garden", urn, old, next)).toMatchObject(expected);
});

test("a resource that is gone reads as an empty id", async () => {
  const gone = { ...state, status: "gone" };
  expect(await provider.read?.("garden", urn, gone)).toEqual({ id: "", props: {} });
  expect(await provider.read?.("garden", urn, state)).toEqual({ id: "garden", props: state });
});

test("an update that breaks the resource is recorded with its state, secrets wrapped", async () => {
  const failing = provider.update?.("garden", urn, state, { ...inputs, port: 13 });
  await expect(failing).rejects.toMatchObject({
    message: "no such luck",
    id: "garden",
    properties: { port: 13, status: "broken", password: wrapSecret("sesame") },
  });
});

test("what the schema cannot know is checked once all inputs are known", async () => {
  const taken = { ...inputs, port: 666 };
  const failures = [{ property: "port", reason: "is not free" }];
  expect(await provider.check?.(urn, {}, taken)).toMatchObject({ failures });
  expect(await provider.check?.(urn, taken, taken)).toMatchObject({ failures: [] });
  const partly = { ...taken, place: rpc.unknownValue };
  expect(await provider.check?.(urn, {}, partly)).toMatchObject({ failures: [] });
});

test("a change may need a new resource, or be impossible, by what there is", async () => {
  const next = { ...inputs, port: 2000 };
  expect(await provider.diff?.("garden", urn, state, next)).toMatchObject({ replaces: ["port"] });
  const impossible = provider.diff?.("garden", urn, state, { ...inputs, port: 1 });
  await expect(impossible).rejects.toThrow("port: too small for a shed");
});

test("a resource of which only the id is known is read with what would be its inputs", async () => {
  const { status, ...imported } = state;
  expect(await provider.read?.("garden", urn, {})).toEqual({
    id: "garden",
    props: { ...imported, status },
    inputs: imported,
  });
  expect(await provider.read?.("nowhere", urn, {})).toEqual({ id: "", props: {} });
});

test("an input that came as a secret stays one in the state", async () => {
  const labels = { owner: wrapSecret("me") };
  expect(await provider.create?.(urn, { ...inputs, labels })).toMatchObject({
    outs: { labels: wrapSecret({ owner: "me" }), port: 80 },
  });
});

test("a creation that breaks the resource is recorded with its id and state", async () => {
  const failing = provider.create?.(urn, { ...inputs, place: "bog" });
  await expect(failing).rejects.toMatchObject({
    message: "it sinks",
    id: "bog",
    properties: { status: "broken", password: wrapSecret("sesame") },
  });
});

test("an unknown type is refused by name", async () => {
  const other = urn.replace("Shed", "Barn");
  await expect(provider.create?.(other, {})).rejects.toThrow("no resource type Barn");
});
