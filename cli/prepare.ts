/** Fetches what a stack's settings ask for beyond the set-up: the official frontend of its version. */
import { comfyuiVersions } from "@comfymulti/workflows";
import { bundleDirectory, cacheDirectory } from "../stacks/places.ts";
import type { Settings } from "../stacks/settings.ts";
import { ensureFrontendBundle } from "../tools/setup/frontend-bundle.mjs";
import { step } from "../tools/setup/progress.mjs";
import { VisibleError } from "./visible-error.ts";

export async function prepare(settings: Settings): Promise<void> {
  const version = settings.frontendVersion;
  const pin = comfyuiVersions[version];
  if (!pin?.wheel) {
    throw new VisibleError(
      `The frontend package of ComfyUI ${version} is not pinned by hash: choose another comfymulti:frontendVersion.`,
    );
  }
  const { wheel, frontendPackage } = pin;
  await step(`ComfyUI frontend ${frontendPackage}`, async (report) => ({
    value: await ensureFrontendBundle({ version: frontendPackage, wheel, cacheDirectory, report }),
    note: `in ${bundleDirectory(version)}`,
  }));
}
