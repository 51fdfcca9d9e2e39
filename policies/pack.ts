/**
 * The policy pack. The engine starts one process of it for each preview or update and hands over
 * the stack's name and settings, which decide the levels.
 */
import { PolicyPack } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { LevelsError, stackLevels } from "./levels.ts";
import { rules } from "./rules/index.ts";

/** A fault in the stack's settings is the user's: one sentence without a stack of calls. */
function readLevels() {
  try {
    return stackLevels(pulumi.getStack(), pulumi.runtime.allConfig());
  } catch (error) {
    if (!(error instanceof LevelsError)) throw error;
    console.error(`${error.message}.`);
    process.exit(78);
  }
}

const levels = readLevels();

new PolicyPack("comfymulti", {
  policies: rules.map((rule) => ({
    ...rule,
    enforcementLevel: levels[rule.name] ?? "mandatory",
  })),
});
