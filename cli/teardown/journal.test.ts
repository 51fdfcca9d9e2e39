import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { VisibleError } from "../visible-error.ts";
import { FolderStore } from "./bundles/folder-store.ts";
import type { DeclaredResource } from "./engine-stack.ts";
import { Gateway } from "./gateway.ts";
import { FileJournal, newJournal, type JournalState } from "./journal.ts";
import { MirroredJournal } from "./mirrored-journal.ts";
import { openJournal } from "./open-journal.ts";
import { makeReceipt } from "./receipt.ts";

const folder = mkdtempSync(path.join(tmpdir(), "teardown-journal-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string) => path.join(folder, name, "journal.json");
const begun = new Date("2027-03-06T19:00:00.123Z");
const step = { startedAt: begun.toISOString(), endedAt: begun.toISOString(), note: "" };

describe("a journal", () => {
  it("is read back as it was written, and leaves no draft", async () => {
    const journal = new FileJournal(fileOf("one"));
    expect(await journal.read()).toBeUndefined();
    const state = newJournal("workshop", begun);
    expect(state.run).toBe("2027-03-06T190000Z");
    await journal.write({ ...state, steps: { announce: { ...step, outcome: "done" } } });
    expect(await journal.read()).toMatchObject({ steps: { announce: { outcome: "done" } } });
    expect(readdirSync(path.dirname(journal.place))).toEqual(["journal.json"]);
  });

  it("that can't be understood is refused in words, not begun anew", async () => {
    const journal = new FileJournal(path.join(folder, "broken.json"));
    for (const text of ["{", '{"version": 2}']) {
      writeFileSync(journal.place, text);
      await expect(journal.read()).rejects.toThrow(VisibleError);
      await expect(journal.read()).rejects.toThrow(/can't be understood: move it away/);
    }
  });

  it("goes on from its copy on a machine that never had it", async () => {
    const store = new FolderStore(path.join(folder, "bucket"));
    const here = (name: string) =>
      new MirroredJournal(new FileJournal(fileOf(name)), store, "journal.json", () => undefined);
    const state = newJournal("workshop", begun);
    await here("first").write({ ...state, revision: 7 });
    expect(await here("second").read()).toMatchObject({ revision: 7 });
    await here("second").write(newJournal("workshop", begun, { ...state, revision: 7 }));
    expect(await here("first").read()).toMatchObject({ revision: 8 });
  });

  it("is kept here when its copy can't be written, and says so once", async () => {
    const warnings: string[] = [];
    const store = {
      place: "s3://gone/",
      put: () => Promise.reject(new Error("no")),
      putText: () => Promise.reject(new Error("the key is gone")),
      read: () => Promise.resolve(undefined),
    };
    const journal = new MirroredJournal(new FileJournal(fileOf("kept")), store, "key", (line) =>
      warnings.push(line),
    );
    await journal.write(newJournal("workshop", begun));
    await journal.write({ ...newJournal("workshop", begun), revision: 1 });
    expect(await journal.read()).toMatchObject({ revision: 1 });
    expect(warnings).toEqual(["the journal's copy could not be written: the key is gone"]);
  });
});

describe("going on", () => {
  const open = async (
    state: JournalState | undefined,
    { resources = [], isClosed }: { resources?: string[]; isClosed?: boolean } = {},
  ) => {
    const file = fileOf(Math.random().toString(36));
    const journal = new FileJournal(file);
    if (state) await journal.write(state);
    const known = resources.map((urn) => ({ urn }) as DeclaredResource);
    class ScriptedGateway extends Gateway {
      override isClosed = () => Promise.resolve(isClosed ?? true);
    }
    const gateway = new ScriptedGateway(
      { url: "http://127.0.0.1:1/", token: "t" },
      new AbortController().signal,
    );
    const source = { place: "", list: () => Promise.resolve([]), open: () => Promise.reject() };
    const stack = {
      ...{ name: "workshop", project: "comfymulti" },
      resources: () => Promise.resolve(known),
      platform: () => Promise.resolve(undefined),
      destroy: () => Promise.resolve(),
    };
    const running = isClosed === undefined ? undefined : { users: [], gateway, source };
    return openJournal({ stack, journal, running }, () => undefined);
  };
  const cutOff: JournalState = {
    ...newJournal("workshop", begun),
    revision: 5,
    steps: { announce: { ...step, outcome: "done" } },
  };
  const ended = (verdictOf: "clean" | "left"): JournalState => {
    const state: JournalState = {
      ...cutOff,
      steps: { destroy: { ...step, outcome: "done" }, prove: { ...step, outcome: "done" } },
      remaining: ["kept"],
    };
    const receipt = makeReceipt(state, [], { place: undefined, notes: [] });
    return { ...state, receipt: { ...receipt, verdict: verdictOf } };
  };

  it("begins when there is no journal", async () => {
    expect(await open(undefined)).toMatchObject({ revision: 0, steps: {} });
  });

  it("takes up what was cut off, while the queue is still closed", async () => {
    expect(await open(cutOff, { isClosed: true })).toEqual(cutOff);
  });

  it("begins anew when the host opened the queue again: bundles would lack what was made since", async () => {
    expect(await open(cutOff, { isClosed: false })).toMatchObject({ revision: 6, steps: {} });
  });

  it("is over when nothing was left, and asks again when something was", async () => {
    const over = ended("clean");
    expect(await open(over, { resources: ["kept"] })).toEqual(over);
    const again = await open(ended("left"), { resources: ["kept"] });
    expect(Object.keys(again.steps)).toEqual(["destroy"]);
    expect(again.receipt).toBeUndefined();
  });

  it("begins anew when the stack has come up again since", async () => {
    const anew = await open(ended("clean"), { resources: ["kept", "new"] });
    expect(anew).toMatchObject({ revision: 6, steps: {} });
  });
});
