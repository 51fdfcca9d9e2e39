/**
 * The Pulumi program: reads the stack's settings and declares what its kind is made of.
 * Plain `pulumi up` runs it through `index.ts`, `comfymulti` runs it inline.
 */
import * as pulumi from "@pulumi/pulumi";
import { cloud } from "./cloud.ts";
import { local } from "./local.ts";
import type { Platform } from "./outputs.ts";
import { parseSettings, SettingsError } from "./settings.ts";

export function program(): { platform: pulumi.Output<Platform> } {
  const stack = pulumi.getStack();
  const settings = readSettings(stack);
  return { platform: settings.kind === "local" ? local(stack, settings) : cloud(stack, settings) };
}

/** A fault in the settings is the user's: the engine prints a RunError without a stack. */
function readSettings(stack: string) {
  try {
    return parseSettings(stack, pulumi.runtime.allConfig());
  } catch (error) {
    if (error instanceof SettingsError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
