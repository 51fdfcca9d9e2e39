/** A stack that builds images and runs nothing: kind `images`. */
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BuiltImages, buildSettings, type BuiltReferences } from "../components/images/index.ts";
import { repository } from "../components/installation.ts";
import { NAMESPACE, parseConfiguration } from "./configuration.ts";
import { projectVersion as version } from "./version.ts";

export const imagesStackSchema = z.strictObject({
  /** What tells such a stack from others. Default: the stack's own name. */
  kind: z.literal("images"),
  ...buildSettings,
});
export type ImagesSettings = z.output<typeof imagesStackSchema>;

export const isImagesStack = (stack: string, config: Readonly<Record<string, string>>): boolean =>
  (config[`${NAMESPACE}:kind`] ?? stack) === "images";

/** @throws SettingsError with every fault and its property path */
export const parseImagesSettings = (
  stack: string,
  config: Readonly<Record<string, string>>,
): ImagesSettings => parseConfiguration(imagesStackSchema, stack, config);

export function images(settings: ImagesSettings): pulumi.Output<BuiltReferences> {
  return new BuiltImages("images", { settings, repository, version }).references;
}
