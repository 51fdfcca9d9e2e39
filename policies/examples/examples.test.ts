/** The examples against the rules alone; end-to-end/policies.test.ts runs them through the engine. */
import { describe, expect, it } from "vitest";
import { rules } from "../rules/index.ts";
import { levelsOf } from "../levels.ts";
import { brokenExamples, keptExamples, stackExamples } from "./index.ts";
import { reportsOf } from "./run-rule.ts";

const names = rules.filter((rule) => "validateResource" in rule).map(({ name }) => name);

it("every rule has its line in the table of levels, and every line its rule", () => {
  expect(Object.keys(levelsOf("local")).sort()).toEqual(rules.map(({ name }) => name).sort());
});

describe.each(names)("%s", (name) => {
  it("has examples of both", () => {
    expect(keptExamples(name).length).toBeGreaterThan(0);
    expect(brokenExamples(name).length).toBeGreaterThan(0);
  });

  it.each(keptExamples(name))("lets example $# pass, as do all others", async (example) => {
    for (const rule of names) expect(await reportsOf(rule, example), rule).toEqual([]);
  });

  it.each(brokenExamples(name))("says: $says", async (example) => {
    expect((await reportsOf(name, example)).join("\n")).toContain(example.says);
    for (const rule of names.filter((other) => other !== name)) {
      const reports = await reportsOf(rule, example);
      const expected = example.alsoBreaks?.includes(rule) ?? false;
      expect(reports.length > 0, `${rule}: ${reports.join("; ")}`).toBe(expected);
    }
  });
});

const stackRules = rules.map(({ name }) => name).filter((name) => !names.includes(name));

it.each(stackRules)("%s lets one stack pass and tells another why not", async (name) => {
  const { kept = [], broken = [], says = "no examples" } = stackExamples[name] ?? {};
  expect(await reportsOf(name, ...kept)).toEqual([]);
  expect((await reportsOf(name, ...broken)).join("\n")).toContain(says);
});
