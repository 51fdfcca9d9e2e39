/** What a diff must say of a change that is known because the test made it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capturedVersions, loadObjectInfo } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import { changeKindSchema } from "./change.ts";
import { diffObjectInfo } from "./diff-object-info.ts";
import { mutateObjectInfo, mutationKinds } from "./mutate.fixture.ts";
import type { Mutated } from "./mutate.fixture.ts";

const versions = capturedVersions();
/** The same every time; another one with SEED=…, to look further. */
const seed = Number(process.env["SEED"] ?? 20_260_901);

interface Case extends Mutated {
  readonly original: ObjectInfo;
}

const anyMutation: fc.Arbitrary<Case> = fc.oneof(
  ...versions.map((version) => {
    const original = loadObjectInfo(version);
    return mutateObjectInfo(original).map((mutated) => ({ ...mutated, original }));
  }),
);

describe("of one change to a captured ComfyUI", () => {
  test(`the diff says what it is, and touches no other node (200 random ones, seed ${seed})`, () => {
    fc.assert(
      fc.property(anyMutation, ({ original, mutated, node, expected }) => {
        const { changes } = diffObjectInfo(original, mutated);
        expect(changes.filter((change) => change.node !== node)).toEqual([]);
        if (!expected) expect(changes).toEqual([]);
        else expect(changes).toContainEqual(expect.objectContaining(expected));
        const api = diffObjectInfo(original, mutated, { scope: "api" }).changes;
        expect(changes).toEqual(expect.arrayContaining([...api]));
      }),
      { seed, numRuns: 200 },
    );
  }, 120_000);

  test.each(versions)(
    "nothing is missed at any node or input of %s",
    (version) => {
      const original = loadObjectInfo(version);
      const bystander = { Bystander: { input: {}, output: [] } };
      const missed: string[] = [];
      for (const { targets, expected } of mutationKinds(original)) {
        for (const { node, what, mutate } of targets) {
          const [before, after] = [original[node], mutate()];
          const { changes } = diffObjectInfo(
            { ...bystander, ...(before && { [node]: before }) },
            { ...bystander, ...(after && { [node]: after }) },
          );
          const told = expected
            ? changes.some(
                (change) => change.change === expected.change && change.class === expected.class,
              )
            : changes.length === 0;
          if (!told) missed.push(what);
        }
      }
      expect(missed).toEqual([]);
    },
    120_000,
  );
});

describe("the changes that are made", () => {
  const kinds = mutationKinds(loadObjectInfo("0.11.1"));

  test("each find something to change", () => {
    expect(kinds.map(({ targets }) => targets.length)).not.toContain(0);
  });

  test("are of every kind but those that change-kinds.test.ts alone makes", () => {
    const covered = new Set(kinds.map(({ expected }) => expected?.change));
    expect(changeKindSchema.options.filter((kind) => !covered.has(kind))).toEqual([
      "input-renamed",
      "input-lost-widget",
      "input-gained-widget",
      "input-settings-changed",
      "option-renamed",
      "output-renamed",
    ]);
  });
});
