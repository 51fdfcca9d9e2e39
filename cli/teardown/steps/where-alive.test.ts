import { expect, it } from "vitest";
import { VisibleError } from "../../visible-error.ts";
import { GatewayError } from "../gateway.ts";
import { newJournal } from "../journal.ts";
import { Progress } from "../progress.ts";
import { done, type Running, type StepContext, type TeardownOptions } from "../step.ts";
import { AppServer } from "./where-alive.ts";

const silence = new GatewayError("https://comfy.example.net", new Error("no route"));

function appServer(change: Partial<TeardownOptions>) {
  const progress = new Progress(() => undefined);
  progress.end();
  const options = {
    running: { users: [] } as unknown as Running,
    stack: {
      ...{ name: "workshop", project: "comfymulti" },
      resources: () => Promise.resolve([]),
      platform: () => Promise.resolve(undefined),
      destroy: () => Promise.resolve(),
    },
    ...{ skipBundles: false, deadAfterSeconds: undefined, progress },
    signal: new AbortController().signal,
    ...change,
  } as TeardownOptions;
  const context: StepContext = {
    options,
    state: () => newJournal("workshop", new Date()),
    write: () => Promise.resolve(),
  };
  return new AppServer(context);
}

it("does the work while it answers", async () => {
  expect(await appServer({}).with(() => Promise.resolve(done("told")))).toEqual(done("told"));
});

it("is refused when it is dead, with what to do", async () => {
  const refused = appServer({}).with(() => Promise.reject(silence));
  await expect(refused).rejects.toThrow(VisibleError);
  await expect(refused).rejects.toThrow(/does not answer \(no route\).*--skip-bundles/);
});

it.each([{ skipBundles: true }, { deadAfterSeconds: 0 }])(
  "is done without when the host said so: %o, and is not asked by a later step",
  async (told) => {
    const server = appServer(told);
    expect(await server.with(() => Promise.reject(silence))).toMatchObject({ outcome: "skipped" });
    const later = await server.with(() => Promise.resolve(done("asked")));
    expect(later).toMatchObject({ outcome: "skipped" });
  },
);

it("hides no other fault", async () => {
  const fault = new Error("a fault in the program");
  const work = appServer({ skipBundles: true }).with(() => Promise.reject(fault));
  await expect(work).rejects.toBe(fault);
});

it("has nothing to do for a stack that is not up", async () => {
  const outcome = await appServer({ running: undefined }).with(() => Promise.resolve(done("")));
  expect(outcome).toEqual({ outcome: "skipped", note: "the stack is not up" });
});
