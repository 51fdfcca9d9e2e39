import { describe, expect, test } from "vitest";
import type { ObjectInfo } from "../object-info.ts";
import { allowListSchema } from "./allow-list.ts";
import type { AllowedChange } from "./allow-list.ts";
import { diffObjectInfo } from "./diff-object-info.ts";

const SIZE = ["INT", { default: 1, min: 0, max: 9 }];
const older: ObjectInfo = {
  Gone: { input: {}, output: [] },
  Node: { input: { required: { one: SIZE, two: SIZE } }, output: [] },
};
const newer: ObjectInfo = { Node: { input: {}, output: [] } };

const allowing: AllowedChange = {
  node: "Gone",
  change: "node-removed",
  reason: "nobody in this workshop uses it",
  expires: "2026-09-30",
};
const diff = (allow: readonly AllowedChange[], now = "2026-09-01T12:00:00Z") =>
  diffObjectInfo(older, newer, { allow, now: new Date(now) });

describe("an allowed change", () => {
  test("does not count, and is told with its reason", () => {
    expect(diff([]).worst).toBe("breaking");
    const result = diff([allowing]);
    expect(result.worst).toBe("behavioural");
    expect(result.changes.map(({ node }) => node)).toEqual(["Node", "Node"]);
    expect(result.allowed).toEqual([
      { change: expect.objectContaining({ node: "Gone" }) as unknown, allowance: allowing },
    ]);
    expect(result).toMatchObject({ expired: [], unused: [] });
  });

  test("is that of one input, or without an input those of all", () => {
    const removal: AllowedChange = { ...allowing, node: "Node", change: "input-removed" };
    const left = (allow: AllowedChange): (string | undefined)[] =>
      diff([allow]).changes.map(({ node, input }) => input ?? node);
    expect(left({ ...removal, input: "one" })).toEqual(["Gone", "two"]);
    expect(left(removal)).toEqual(["Gone"]);
  });

  test("counts again after its last day, and the result says so", () => {
    expect(diff([allowing], "2026-09-30T23:59:59Z")).toMatchObject({
      worst: "behavioural",
      expired: [],
    });
    const result = diff([allowing], "2026-10-01T00:00:00Z");
    expect(result.worst).toBe("breaking");
    expect(result.allowed).toEqual([]);
    expect(result.expired).toEqual([allowing]);
  });

  test("may be renewed beside an old entry, which is then nothing to speak of", () => {
    const renewed = { ...allowing, expires: "2026-12-31" };
    const result = diff([allowing, renewed], "2026-10-01T00:00:00Z");
    expect(result.allowed.map(({ allowance }) => allowance)).toEqual([renewed]);
    expect(result.expired).toEqual([]);
  });

  test("that is not there is told as unused, expired or not", () => {
    const mistyped = { ...allowing, node: "Gnoe" };
    expect(diff([mistyped]).unused).toEqual([mistyped]);
    const late = diff([mistyped], "2027-01-01T00:00:00Z");
    expect(late).toMatchObject({ unused: [mistyped], expired: [] });
  });
});

describe("an allow list", () => {
  test("is read from JSON", () => {
    expect(allowListSchema.parse([allowing])).toEqual([allowing]);
  });

  test.each([
    ["a reason", { ...allowing, reason: "" }],
    ["more of a reason than a word", { ...allowing, reason: "fine" }],
    ["an expiry date", { ...allowing, expires: undefined }],
    ["an expiry date that exists", { ...allowing, expires: "2026-02-30" }],
    ["a kind of change that there is", { ...allowing, change: "node-vanished" }],
    ["no key that means nothing", { ...allowing, inputs: "one" }],
  ])("needs %s", (_, entry) => {
    expect(allowListSchema.safeParse([entry]).success).toBe(false);
  });
});
