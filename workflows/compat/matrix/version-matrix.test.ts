/** Which frontend goes with which worker: the captured versions, made-up ones, and the table of facts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { templates } from "../../templates/index.ts";
import { capturedVersions, loadObjectInfo } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import { liesBetween, operationalFacts } from "./operational-facts.ts";
import type { OperationalFact } from "./operational-facts.ts";
import { judgePair, pairVerdictSchema, versionMatrix } from "./version-matrix.ts";
import type { PairVerdict } from "./version-matrix.ts";

const strictness = (verdict: PairVerdict) => pairVerdictSchema.options.indexOf(verdict);
const newest = loadObjectInfo("0.11.1");
const [example] = templates.filter(({ id }) => id === "example_workflow");
if (!example) throw new Error("there is no example_workflow");

/** `SaveImage` as a later version might have it. */
const withInput = (spec: unknown): ObjectInfo => {
  const { SaveImage } = newest;
  if (!SaveImage) throw new Error("there is no SaveImage");
  const required = { ...SaveImage.input.required, quality: spec };
  return { ...newest, SaveImage: { ...SaveImage, input: { ...SaveImage.input, required } } };
};
/** 1.0.0 is as 0.11.1, 1.1.0 has one more input with a default, 1.2.0 one without. */
const made: Readonly<Record<string, ObjectInfo>> = {
  "1.0.0": newest,
  "1.1.0": withInput(["INT", { default: 90 }]),
  "1.2.0": withInput(["MODEL"]),
};
const madeUp = { objectInfo: (version: string) => made[version], facts: [] };

describe("the matrix", () => {
  test("of the captured versions: each takes the other's graphs, after a smoke job", () => {
    const cells = versionMatrix(["0.9.2", "0.11.1"], templates);
    expect(
      cells.map(({ frontend, worker, verdict }) => `${frontend} → ${worker}: ${verdict}`),
    ).toEqual([
      "0.9.2 → 0.9.2: ok",
      "0.9.2 → 0.11.1: smoke-owed",
      "0.11.1 → 0.9.2: smoke-owed",
      "0.11.1 → 0.11.1: ok",
    ]);
    const [, upgraded] = cells;
    expect(
      upgraded?.templates.find(({ template }) => template === "example_workflow"),
    ).toMatchObject({ verdict: "ok", reasons: [] });
  });

  test("follows from the definitions: an input more is a migration, one without a default blocks", () => {
    const verdict = (frontend: string, worker: string) =>
      judgePair(frontend, worker, [example], madeUp);
    expect(verdict("1.0.0", "1.0.0")).toMatchObject({ verdict: "ok", reasons: [] });
    expect(verdict("1.0.0", "1.1.0")).toMatchObject({
      verdict: "needs-migration",
      templates: [{ reasons: [expect.stringContaining("quality")] }],
    });
    expect(verdict("1.0.0", "1.2.0")).toMatchObject({
      verdict: "blocked",
      templates: [{ reasons: [expect.stringContaining("quality")] }],
    });
    // The other way round ComfyUI drops what it does not know.
    expect(verdict("1.1.0", "1.0.0")).toMatchObject({ verdict: "ok" });
  });

  test("blocks a version of which nothing is known, and names the command to learn it", () => {
    expect(judgePair("0.11.1", "0.12.0", templates)).toMatchObject({
      verdict: "blocked",
      reasons: [expect.stringMatching(/0\.12\.0 are not captured: run comfymulti capture URL/)],
      templates: [],
    });
  });

  test("owes no smoke job of a template that ran", () => {
    const smoked = templates.map(({ id: template }) => ({
      template,
      frontend: "0.9.2",
      worker: "0.11.1",
    }));
    expect(judgePair("0.9.2", "0.11.1", templates, { smoked }).verdict).toBe("ok");
    expect(judgePair("0.11.1", "0.9.2", templates, { smoked }).verdict).toBe("smoke-owed");
  });
});

describe("what no definition shows", () => {
  test("discourages a version that has a better one", () => {
    const objectInfo = () => newest;
    expect(judgePair("0.11.0", "0.11.0", [example], { objectInfo })).toMatchObject({
      verdict: "discouraged",
      reasons: [expect.stringContaining("Take ComfyUI 0.11.1 instead of 0.11.0")],
    });
  });

  test.each([
    ["0.9.2", "0.11.1", true],
    ["0.9.1", "0.12.0", true],
    ["0.11.1", "0.9.2", true],
    ["0.10.0", "0.11.1", false],
    ["0.9.2", "0.9.2", false],
  ])("lies between %s and %s: %s", (one, other, expected) => {
    expect(liesBetween({ before: "0.9.2", after: "0.11.1" }, one, other)).toBe(expected);
  });

  test("can only make a verdict stricter", () => {
    const versions = [...capturedVersions(), ...Object.keys(made)];
    const version = fc.constantFrom(...versions);
    const why = { reason: "for the sake of this test", source: "this test" };
    const fact = fc.oneof(
      fc
        .record({ version, instead: version })
        .map((each): OperationalFact => ({ kind: "prefer", ...each, ...why })),
      fc.record({ before: version, after: version }).map((each): OperationalFact => ({
        kind: "smoke",
        ...each,
        templates: [example.id],
        ...why,
      })),
    );
    const objectInfo = (name: string) => made[name] ?? loadObjectInfo(name);
    fc.assert(
      fc.property(version, version, fc.array(fact, { maxLength: 4 }), (frontend, worker, facts) => {
        const without = judgePair(frontend, worker, [example], { objectInfo, facts: [] });
        const told = judgePair(frontend, worker, [example], { objectInfo, facts });
        expect(strictness(told.verdict)).toBeGreaterThanOrEqual(strictness(without.verdict));
      }),
      { numRuns: 60 },
    );
    expect(operationalFacts.every(({ source }) => source.length > 0)).toBe(true);
  });
});
