/** Reads `Pulumi.<stack>.yaml` as the engine will, so that faults show before anything starts. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { repository } from "../components/installation.ts";
import { isImagesStack, parseImagesSettings, type ImagesSettings } from "../stacks/images.ts";
import { parseSettings, type Settings } from "../stacks/settings.ts";
import { VisibleError } from "./visible-error.ts";

/** Where `Pulumi.<stack>.yaml` files are. `COMFYMULTI_SETTINGS` names another folder. */
const settingsDirectory = process.env.COMFYMULTI_SETTINGS ?? repository;

const stackFileSchema = z.looseObject({
  config: z.record(z.string(), z.unknown()).nullish(),
  encryptionsalt: z.string().optional(),
});
export type StackFile = z.infer<typeof stackFileSchema>;

/** @throws VisibleError when there is no such file or it is no YAML */
export function readStackFile(stack: string): StackFile {
  const name = `Pulumi.${stack}.yaml`;
  const file = path.join(settingsDirectory, name);
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(stack) || !existsSync(file)) {
    throw new VisibleError(
      `There is no stack "${stack}": write its settings into ${name} (Pulumi.local.yaml is an example).`,
    );
  }
  try {
    return stackFileSchema.parse(parse(readFileSync(file, "utf8")) ?? {});
  } catch (error) {
    if (error instanceof YAMLParseError) {
      throw new VisibleError(`${name} is not valid YAML: ${error.message}`);
    }
    if (error instanceof z.ZodError) {
      throw new VisibleError(`${name} is no stack file:\n${z.prettifyError(error)}`);
    }
    throw error;
  }
}

/**
 * Validated settings of a stack that runs something.
 * @throws SettingsError with every fault
 */
export function readSettings(stack: string, file: StackFile = readStackFile(stack)): Settings {
  const config = configuration(file);
  if (isImagesStack(stack, config)) {
    throw new VisibleError(
      `Stack ${stack} builds images and runs nothing: npx comfymulti images build ${stack}.`,
    );
  }
  return parseSettings(stack, config);
}

/**
 * Validated settings of a stack that builds images.
 * @throws SettingsError with every fault
 */
export function readImagesSettings(stack: string): ImagesSettings {
  const config = configuration(readStackFile(stack));
  if (isImagesStack(stack, config)) return parseImagesSettings(stack, config);
  throw new VisibleError(
    `Stack ${stack} builds no images: one that does has comfymulti:kind: images (Pulumi.images.yaml is an example).`,
  );
}

/** What a stack is, of settings that may not be whole yet. */
export function kindOf(stack: string): string {
  return configuration(readStackFile(stack))["comfymulti:kind"] ?? stack;
}

/** As the engine hands it to the program: structured values as JSON, scalars as text. */
function configuration(file: StackFile): Record<string, string> {
  const config: Record<string, string> = {};
  for (const [key, value] of Object.entries(file.config ?? {})) {
    config[key] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return config;
}
