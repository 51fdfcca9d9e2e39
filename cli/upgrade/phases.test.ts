/** Who gets a new version when, and what settings say then. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frontendPlans } from "../../stacks/plans.ts";
import { parseSettings } from "../../stacks/settings.ts";
import { phasesOf, rowOf } from "./phases.ts";
import { editorVersions, workerVersionsOf } from "./versions.ts";

const settings = (own: Readonly<Record<string, unknown>> = {}) =>
  parseSettings("local", {
    ...{ "comfymulti:frontendVersion": "0.9.2", "comfymulti:workerVersion": "0.9.2" },
    ...Object.fromEntries(
      Object.entries(own).map(([key, value]) => [
        `comfymulti:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  });
const scopes = (service: "frontend" | "worker", users: number, workers: number) =>
  phasesOf(service, "0.11.1", { users, workers }).map(({ id, covers }) => `${id} ${rowOf(covers)}`);

describe("the phases", () => {
  test("of twenty participants and three workers are those of the workshop", () => {
    expect([...scopes("frontend", 20, 3), ...scopes("worker", 20, 3)]).toEqual([
      "frontend-canary user020",
      "frontend-batch user016-user020",
      "frontend-all user001-user020",
      "worker-canary worker-1",
      "worker-all worker-1-worker-3",
    ]);
  });

  test("adapt to how many there are", () => {
    expect(scopes("frontend", 4, 2)).toEqual([
      "frontend-canary user004",
      "frontend-all user001-user004",
    ]);
    expect(scopes("frontend", 1, 1)).toEqual(["frontend-all user001"]);
    expect(scopes("worker", 4, 1)).toEqual(["worker-all worker-1"]);
  });

  test("watch a canary more closely, and can be watched for less time", () => {
    const [canary, batch, all] = phasesOf("frontend", "0.11.1", { users: 20, workers: 3 });
    expect(canary?.limits).toMatchObject({ jobs: 10, restarts: 0, unhealthy: 0, seconds: 300 });
    expect(batch?.limits).toMatchObject({ unhealthy: 1, queueDepth: 50, failureRate: 0.1 });
    expect(all?.limits).toMatchObject({ unhealthy: 2, queueDepth: 80, failureRate: 0.05 });
    const [only] = phasesOf("worker", "0.11.1", { users: 2, workers: 1 });
    expect(only?.limits).toMatchObject({ jobs: 10, lostAttempts: 0 });
    const [short] = phasesOf("frontend", "0.11.1", settings(), { watchSeconds: 3 });
    expect(short?.limits.seconds).toBe(3);
  });
});

describe("a phase in force", () => {
  test("is an override, and the last one folds all of them into the one version", () => {
    const before = settings({ users: 20, workers: 3 });
    const [canary, batch, all] = phasesOf("frontend", "0.11.1", before);
    if (!canary || !batch || !all) throw new Error("there are three phases");
    expect(canary.apply(before).frontends).toEqual({ user020: { version: "0.11.1" } });
    expect(batch.apply(canary.apply(before)).frontends).toEqual({
      user020: { version: "0.11.1" },
      "user016-user020": { version: "0.11.1" },
    });
    expect(all.apply(batch.apply(canary.apply(before)))).toMatchObject({
      frontendVersion: "0.11.1",
      frontends: {},
    });
    const [first, rest] = phasesOf("worker", "0.11.1", before);
    if (!first || !rest) throw new Error("there are two phases");
    expect(first.apply(before).workerVersions).toEqual({ "worker-1": "0.11.1" });
    expect(rest.apply(first.apply(before))).toMatchObject({
      workerVersion: "0.11.1",
      workerVersions: {},
    });
  });

  test("gives exactly those of the phase the version, whatever rows there were, and no other engine", () => {
    const row = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .map(([a, b]) =>
        [...new Set([Math.min(a, b), Math.max(a, b)])]
          .map((number) => `user${String(number).padStart(3, "0")}`)
          .join("-"),
      );
    const editor = fc.record(
      {
        version: fc.constantFrom("0.9.2", "0.11.1"),
        engine: fc.constantFrom("light" as const, "comfyui" as const),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(row, editor, { maxKeys: 5 }), (frontends) => {
        const before = { ...settings({ users: 20 }), frontends };
        for (const phase of phasesOf("frontend", "0.11.1", before)) {
          const after = phase.apply(before);
          const versions = editorVersions(after);
          const others = Object.keys(versions).filter((user) => !phase.covers.includes(user));
          expect(phase.covers.every((user) => versions[user] === "0.11.1")).toBe(true);
          for (const user of others) expect(versions[user]).toBe(editorVersions(before)[user]);
          expect(frontendPlans(after).map(({ engine }) => engine)).toEqual(
            frontendPlans(before).map(({ engine }) => engine),
          );
          expect(phase.apply(after)).toEqual(after);
        }
      }),
    );
  });

  test("leaves a stack without machines to its one version", () => {
    const before = { ...settings(), workers: 0 };
    const [all] = phasesOf("worker", "0.11.1", before);
    expect(all && workerVersionsOf(all.apply(before))).toEqual({ serverless: "0.11.1" });
  });
});
