/** The manifest of a command: this version's own, or a file's; and the part of it that is wanted. */
import { readFile } from "node:fs/promises";
import { modelManifest, modelManifestSchema, modelPath } from "@comfymulti/workflows";
import type { ModelFile, ModelManifest } from "@comfymulti/workflows";
import { ModelsError } from "./models-error.ts";

/** @param file Default: the manifest that came with this version. */
export async function readManifest(file: string | undefined): Promise<ModelManifest> {
  if (file === undefined) return modelManifest;
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new ModelsError(`The manifest ${file} can't be read: ${(error as Error).message}`);
  }
  const parsed = modelManifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new ModelsError(`The manifest ${file} is wrong. ${faults.join("; ")}`);
}

/** Files of these templates, each once; of all when none is named. */
export function filesOf(manifest: ModelManifest, templates: readonly string[]): ModelFile[] {
  const unknown = templates.filter((name) => !Object.hasOwn(manifest.templates, name));
  if (unknown.length > 0) {
    throw new ModelsError(
      `There is no template ${unknown.join(", ")}: use one of ${Object.keys(manifest.templates).join(", ")}.`,
    );
  }
  if (templates.length === 0) return manifest.files;
  const wanted = new Set(templates.flatMap((name) => manifest.templates[name] ?? []));
  return manifest.files.filter((file) => wanted.has(modelPath(file)));
}
