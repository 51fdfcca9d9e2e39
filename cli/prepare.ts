/** Fetches what a stack's settings ask for beyond the set-up: the official frontend of its versions. */
import { comfyuiVersions } from "@comfymulti/workflows";
import { lightVersions } from "../components/app-server/index.ts";
import { bundleDirectory, cacheDirectory } from "../stacks/places.ts";
import { frontendPlans } from "../stacks/plans.ts";
import type { Settings } from "../stacks/settings.ts";
import { ensureFrontendBundle } from "../tools/setup/frontend-bundle.mjs";
import { step } from "../tools/setup/progress.mjs";
import { VisibleError } from "./visible-error.ts";

/** The editors of a stack in the cloud are in its images. */
export async function prepare(settings: Settings): Promise<void> {
  if (settings.kind !== "local") return;
  for (const version of lightVersions(frontendPlans(settings))) await fetchBundle(version);
}

async function fetchBundle(version: string): Promise<void> {
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
