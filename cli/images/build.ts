/** Images that a stack of kind `images` builds, and the settings of a stack that runs them. */
import { builtReferencesSchema } from "../../components/images/index.ts";
import { requireDiskSpace } from "../engine/checkpoint.ts";
import { resumeAfterInterruption } from "../engine/interruption.ts";
import { findStack, openStack } from "../engine/stack.ts";
import { runOperation } from "../run-operation.ts";
import { readImagesSettings, readStackFile } from "../stack-settings.ts";
import { changeWithin, type NestedChange } from "../upgrade/settings-file.ts";
import { VisibleError } from "../visible-error.ts";

export interface UsedImage {
  /** In the settings: `["images", "frontend", "0.11.1"]`. */
  readonly path: NestedChange[0];
  readonly reference: string;
}

export interface Built {
  /** The Docker that has them, as its `-H` takes it. */
  readonly docker: string;
  readonly images: readonly UsedImage[];
}

/** Builds what the settings say, and pushes it. @throws VisibleError */
export async function buildImages(stackName: string): Promise<readonly UsedImage[]> {
  readImagesSettings(stackName);
  requireDiskSpace();
  console.log(`\nStack ${stackName}`);
  const changes = await runOperation(async (options) => {
    const stack = await openStack(stackName);
    await resumeAfterInterruption(stack);
    await stack.up(options);
  });
  console.log(changes === 0 ? "  no changes" : `  ${changes} changes`);
  return (await builtBy(stackName)).images;
}

/** What a stack has built. @throws VisibleError when it has not */
export async function builtBy(stackName: string): Promise<Built> {
  readImagesSettings(stackName);
  const outputs = (await (await findStack(stackName))?.outputs()) ?? {};
  const built = builtReferencesSchema.safeParse(outputs["built"]?.value);
  if (!built.success) {
    throw new VisibleError(
      `Stack ${stackName} has built nothing yet: npx comfymulti images build ${stackName}.`,
    );
  }
  const images = Object.entries(built.data.images).flatMap(([kind, given]): UsedImage[] =>
    typeof given === "string"
      ? [{ path: ["images", kind], reference: given }]
      : Object.entries(given).map(([version, reference]) => ({
          ...{ path: ["images", kind, version], reference },
        })),
  );
  return { docker: built.data.docker, images };
}

/** Writes them into a stack's settings. @returns what is new there */
export function useImages(stackName: string, images: readonly UsedImage[]): readonly UsedImage[] {
  const config = readStackFile(stackName).config ?? {};
  const changed = images.filter(({ path: [name, ...rest], reference }) => {
    let value: unknown = config[`comfymulti:${name}`];
    for (const key of rest) value = (value as Record<string, unknown> | undefined)?.[key];
    return value !== reference;
  });
  changeWithin(
    stackName,
    changed.map(({ path, reference }) => [path, reference]),
  );
  return changed;
}
