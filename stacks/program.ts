/**
 * The Pulumi program: reads the stack's settings and declares what its kind is made of.
 * Plain `pulumi up` runs it through `index.ts`, `comfymulti` runs it inline.
 */
import * as pulumi from "@pulumi/pulumi";
import type { BuiltReferences } from "../components/images/index.ts";
import { cloud } from "./cloud.ts";
import { images, isImagesStack, parseImagesSettings } from "./images.ts";
import { local } from "./local.ts";
import type { Platform } from "./outputs.ts";
import { parseSettings, SettingsError } from "./settings.ts";

/** What a stack gives out; one of them. */
export interface Outputs {
  readonly platform?: pulumi.Output<Platform>;
  /** Of a stack that builds images. */
  readonly built?: pulumi.Output<BuiltReferences>;
}

export function program(): Outputs {
  const stack = pulumi.getStack();
  const config = pulumi.runtime.allConfig();
  if (isImagesStack(stack, config)) {
    return { built: images(reading(() => parseImagesSettings(stack, config))) };
  }
  const settings = reading(() => parseSettings(stack, config));
  return { platform: settings.kind === "local" ? local(stack, settings) : cloud(stack, settings) };
}

/** A fault in the settings is the user's: the engine prints a RunError without a stack. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingsError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
