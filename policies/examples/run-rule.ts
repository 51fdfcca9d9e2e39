/** Runs one rule on one example without an engine: for the documentation, and for quick tests. */
import type { ResourceValidationArgs } from "@pulumi/policy";
import { rules } from "../rules/index.ts";
import type { Example } from "./example.ts";

/**
 * What a rule reports of resources: of each by itself, or of all as one stack, as the rule looks.
 *
 * @throws Error when there is no such rule
 */
export async function reportsOf(ruleName: string, ...examples: Example[]): Promise<string[]> {
  const rule = rules.find(({ name }) => name === ruleName);
  if (!rule) throw new Error(`there is no rule ${ruleName}`);
  const reports: string[] = [];
  const report = (message: string) => void reports.push(message);
  if ("validateStack" in rule) {
    const resources = examples.map((example) => ({
      ...resourceOf(example),
      dependencies: [],
      propertyDependencies: {},
    }));
    await rule.validateStack({ resources, ...common }, report);
    return reports;
  }
  const validations = [rule.validateResource ?? []].flat();
  for (const example of examples) {
    for (const validate of validations)
      await validate({ ...resourceOf(example), ...common }, report);
  }
  return reports;
}

/** What every rule is given, whatever it looks at. */
const common = {
  stackTags: new Map<string, string>(),
  getConfig: <Settings extends object>() => ({}) as Settings,
  notApplicable: (reason?: string): never => {
    throw new Error(reason ?? "not applicable");
  },
};

function resourceOf(example: Example): Omit<ResourceValidationArgs, keyof typeof common> {
  const { type, props: given, protect = false, additionalSecretOutputs = [] } = example;
  // The engine leaves out what a program left undefined.
  const props = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
  const name = typeof props["name"] === "string" ? props["name"] : "example";
  return {
    type,
    props,
    name,
    urn: `urn:pulumi:stack::project::${type}::${name}`,
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [...additionalSecretOutputs],
    },
    isType: () => false,
    asType: () => undefined,
  };
}
