import type { StackValidationPolicy } from "@pulumi/policy";
import { DECLARATION_TYPE } from "../subjects/platform.ts";

/** Resources of which a platform is made, by the beginning of their type. */
const PARTS: readonly string[] = [
  "comfymulti:index:Process",
  "docker:index/container:",
  "verda:index:",
];

/** Half of the rules read the declaration; without one they would all be silent. */
export const platformDeclared: StackValidationPolicy = {
  name: "platform-declared",
  description: "Checks that a stack which runs anything also declares what it is as a whole.",
  validateStack: ({ resources }, report) => {
    const runs = resources.some(({ type }) => PARTS.some((part) => type.startsWith(part)));
    if (!runs || resources.some(({ type }) => type === DECLARATION_TYPE)) return;
    report(
      `A stack with services must have a ${DECLARATION_TYPE}, not none: make one first in its program (components/declaration).`,
    );
  },
};
