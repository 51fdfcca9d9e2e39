/** Which way leads to a version, and the sentence when none does. */
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../stacks/settings.ts";
import { planUpgrade } from "./plan.ts";

const settings = (own: Readonly<Record<string, string>> = {}) =>
  parseSettings("local", {
    "comfymulti:frontendVersion": "0.9.2",
    "comfymulti:workerVersion": "0.9.2",
    "comfymulti:workers": "2",
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`comfymulti:${key}`, value])),
  });
const both = { frontend: "0.11.1", worker: "0.11.1" };
const ids = (...[given, to, options]: Parameters<typeof planUpgrade>) =>
  planUpgrade(given, to, options).phases.map(({ id }) => id);

describe("the plan", () => {
  test("takes frontends before workers, because no worker may be ahead of an editor's graphs", () => {
    expect(ids(settings(), both)).toEqual([
      "frontend-canary",
      "frontend-all",
      "worker-canary",
      "worker-all",
    ]);
  });

  test("takes workers first where only that goes by the matrix: on the way to an older version", () => {
    const present = settings({ frontendVersion: "0.11.1", workerVersion: "0.11.1" });
    const plan = planUpgrade(present, { frontend: "0.9.2", worker: "0.9.2" });
    expect(plan.order).toBe("workers-first");
    expect(plan.phases[0]?.id).toBe("worker-canary");
  });

  test("leaves out what is so already", () => {
    expect(ids(settings({ frontendVersion: "0.11.1" }), both)).toEqual([
      "worker-canary",
      "worker-all",
    ]);
    const canaryIsThere = settings({ frontends: '{"user004": {"version": "0.11.1"}}' });
    expect(ids(canaryIsThere, { frontend: "0.11.1" })).toEqual(["frontend-all"]);
  });
});

describe("a refusal is one sentence:", () => {
  test.each([
    [
      "a version of which nothing is known",
      settings(),
      { worker: "0.12.0" },
      /run comfymulti capture URL/,
    ],
    ["nothing wanted", settings(), {}, /--to VERSION/],
    [
      "everything there already",
      settings({ frontendVersion: "0.11.1", workerVersion: "0.11.1" }),
      both,
      /every frontend has 0\.11\.1 already, and every worker/,
    ],
    [
      "a worker ahead of its editors",
      settings(),
      { worker: "0.11.1" },
      /worker-canary would put frontend 0\.9\.2 with worker 0\.11\.1.*--to-frontend 0\.11\.1/,
    ],
  ] as const)("%s", (_name, given, to, sentence) => {
    expect(() => planUpgrade(given, to)).toThrow(sentence);
  });

  test("an order that the matrix is against", () => {
    expect(() => planUpgrade(settings(), both, { order: "workers-first" })).toThrow(
      /smoke-owed.*upgrade the frontends to 0\.11\.1 first/,
    );
  });

  test("a version that a stack in the cloud has no image of", () => {
    const cloud = { ...settings(), kind: "staging" as const };
    expect(() => planUpgrade(cloud, { worker: "0.11.1" })).toThrow(/comfymulti:images\.worker/);
  });
});
