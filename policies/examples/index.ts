import type { BrokenExample, Example, ExamplesByRule, StackExamples } from "./example.ts";
import { declared, home } from "./platforms.ts";
import { rentedExamples } from "./rented.ts";
import { queueManager, serviceExamples } from "./services.ts";
import { versionExamples } from "./versions.ts";

export type { BrokenExample, Example, StackExamples } from "./example.ts";

const groups: readonly ExamplesByRule[] = [versionExamples, serviceExamples, rentedExamples];

/** What keeps a rule that looks at one resource. */
export const keptExamples = (rule: string): readonly Example[] =>
  groups.flatMap((group) => group[rule]?.kept ?? []);

/** What breaks it. */
export const brokenExamples = (rule: string): readonly BrokenExample[] =>
  groups.flatMap((group) => group[rule]?.broken ?? []);

/** Of the rules that look at whole stacks. */
export const stackExamples: Readonly<Record<string, StackExamples>> = {
  "platform-declared": {
    kept: [queueManager, declared(home)],
    broken: [queueManager],
    says: "A stack with services must have a comfymulti:index:Declaration, not none",
  },
};
