/** Every rule of the pack, kept and broken, through the real engine and its policy host. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declared, home, workshop } from "../policies/examples/platforms.ts";
import {
  brokenExamples,
  keptExamples,
  stackExamples,
  type BrokenExample,
  type Example,
} from "../policies/examples/index.ts";
import { levelsOf } from "../policies/levels.ts";
import { rules } from "../policies/rules/index.ts";
import { PolicyProject, type Preview } from "./policies/preview.ts";

const names = rules.map(({ name }) => name);
/** Those that look at whole stacks have stacks of their own, below. */
const onStacks = Object.keys(stackExamples);
const onResources = names.filter((name) => !onStacks.includes(name));

/** `image-pinned-0`: one resource an example, all in one stack. */
const numbered = <Each extends Example>(examples: (rule: string) => readonly Each[]) =>
  Object.fromEntries(
    onResources.flatMap((rule) =>
      examples(rule).map(
        (example, index) => [example.name ?? `${rule}-${index}`, { rule, example }] as const,
      ),
    ),
  );
const kept = numbered<Example>(keptExamples);
const broken = numbered<BrokenExample>(brokenExamples);

const resources = (cases: Readonly<Record<string, { readonly example: Example }>>) =>
  Object.fromEntries(Object.entries(cases).map(([name, { example }]) => [name, example]));

const onWorkshop = { config: { "comfymulti:kind": "workshop" } };

/** The first of a rule's examples. */
function first(examples: readonly Example[]): Example {
  const [example] = examples;
  if (!example) throw new Error("there is no example");
  return example;
}

const project = new PolicyProject();
afterAll(() => project.remove());

describe("the policy pack", () => {
  it.each(onResources)("has a kept and a broken example of %s", (rule) => {
    expect(keptExamples(rule).length).toBeGreaterThan(0);
    expect(brokenExamples(rule).length).toBeGreaterThan(0);
  });

  it("lets a workshop pass that keeps every rule", async () => {
    const preview = await project.preview(resources(kept), onWorkshop);
    expect(preview.violations).toEqual([]);
    expect(preview.passed, preview.output).toBe(true);
  });
});

describe("a workshop that breaks", () => {
  let preview: Preview;

  beforeAll(async () => {
    preview = await project.preview(resources(broken), onWorkshop);
  });

  it("anything mandatory is stopped", () => {
    expect(preview.passed).toBe(false);
  });

  it.each(Object.entries(broken))("%s is told so by that rule alone", (name, { rule, example }) => {
    const told = preview.violations.filter(({ resource }) => resource === name);
    const messages = told.filter((violation) => violation.rule === rule);
    expect(messages.map(({ message }) => message).join("\n")).toContain(example.says);
    const expected = [rule, ...(example.alsoBreaks ?? [])].sort();
    expect([...new Set(told.map((violation) => violation.rule))].sort()).toEqual(expected);
    const levels = levelsOf("workshop");
    for (const { rule: each, level } of told) expect(level, each).toBe(levels[each]);
  });
});

describe("a stack's levels", () => {
  const spot = first(brokenExamples("spot-only-in-staging"));
  const volume = first(brokenExamples("protected-data-volumes"));
  const end = declared(workshop, { endsAt: undefined });
  const examples = { spot, volume, end };

  /** Rule → the level at which it was reported. */
  const levelsIn = ({ violations }: Preview) =>
    Object.fromEntries(violations.map(({ rule, level }) => [rule, level]));

  it("are advice at home", async () => {
    const preview = await project.preview(
      { home: declared(home), volume, end },
      { config: { "comfymulti:kind": "local" } },
    );
    expect(preview.passed, preview.output).toBe(true);
    expect(levelsIn(preview)).toEqual({
      "protected-data-volumes": "advisory",
      "workshop-has-end": "advisory",
    });
  });

  it("leave spot machines to staging", async () => {
    const preview = await project.preview(
      { spot, end: declared(workshop) },
      { config: { "comfymulti:kind": "staging" } },
    );
    expect(preview.violations).toEqual([]);
    expect(preview.passed, preview.output).toBe(true);
  });

  it("are changed by the stack's own setting, and by the pack's configuration", async () => {
    const own = { "workshop-has-end": "advisory", "protected-data-volumes": "disabled" };
    const preview = await project.preview(examples, {
      config: { ...onWorkshop.config, "comfymulti:policyLevels": JSON.stringify(own) },
      packConfig: { "spot-only-in-staging": "mandatory" },
    });
    expect(levelsIn(preview)).toEqual({
      "spot-only-in-staging": "mandatory",
      "workshop-has-end": "advisory",
    });
    expect(preview.passed).toBe(false);
  });

  it("name a rule that exists, or the preview ends with a sentence", async () => {
    const preview = await project.preview(
      {},
      { config: { "comfymulti:policyLevels": '{"image-pined":"advisory"}' } },
    );
    expect(preview.passed).toBe(false);
    expect(preview.output).toContain("there is no rule image-pined: docs/policies.md lists them");
  });
});

describe.each(Object.entries(stackExamples))("%s", (rule, { kept, broken, says }) => {
  const stackOf = (examples: readonly Example[]) =>
    Object.fromEntries(examples.map((example, index) => [`resource-${index}`, example]));

  it("lets one stack pass", async () => {
    const { passed, violations, output } = await project.preview(stackOf(kept), onWorkshop);
    expect(violations).toEqual([]);
    expect(passed, output).toBe(true);
  });

  it("stops another, and says why", async () => {
    const { passed, violations } = await project.preview(stackOf(broken), onWorkshop);
    expect(passed).toBe(false);
    const message = expect.stringContaining(says) as string;
    expect(violations).toMatchObject([{ rule, level: "mandatory", message }]);
  });
});
