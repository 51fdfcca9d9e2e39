import { expect, it } from "vitest";
import { dueAt } from "./due.ts";

const now = new Date("2027-03-06T19:00:00Z");

it("is due from the moment that the settings name, in their zone", () => {
  expect(dueAt("workshop", "2027-03-06T20:00:00+01:00", now)).toMatchObject({ isDue: true });
  const early = dueAt("workshop", "2027-03-06T20:00:01+01:00", now);
  expect(early).toEqual({
    isDue: false,
    sentence: "Stack workshop ends at 2027-03-06T20:00:01+01:00, in 1 s: nothing to do yet.",
  });
});

it("is never due without an end", () => {
  expect(dueAt("staging", undefined, now)).toEqual({
    isDue: false,
    sentence: "Stack staging is never due: its settings have no comfymulti:endsAt.",
  });
});
