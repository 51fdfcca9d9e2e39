import { modelManifest } from "@comfymulti/workflows";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform, rentedWorkers } from "../subjects/platform.ts";

/** Filesystems of 50 GB were too small for the models: what is loaded and restored must fit. */
const BYTES_PER_GB = 1e9;

/** Without it every worker restores 77 GB of models for itself before its first job. */
export const sharedFilesystemMounted: ResourceValidationPolicy = {
  name: "shared-filesystem-mounted",
  description:
    "Checks that rented workers share one filesystem that holds the models of all templates.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform) return;
    const rented = rentedWorkers(platform);
    const { sizeGb = 0, mountedBy = [] } = platform.sharedFilesystem ?? {};
    const without = rented.filter(({ name }) => !mountedBy.includes(name));
    if (without.length > 0) {
      report(
        `The shared filesystem must be mounted by every rented worker, and is not by ${without.map(({ name }) => name).join(", ")}: give them the volume at /mnt/sfs.`,
      );
    }
    const wanted = new Set(platform.templates.flatMap((id) => modelManifest.templates[id] ?? []));
    const bytes = modelManifest.files
      .filter(({ folder, name }) => wanted.has(`${folder}/${name}`))
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const least = Math.ceil(bytes / BYTES_PER_GB);
    if (rented.length > 0 && sizeGb < least) {
      report(
        `The shared filesystem must hold the templates' models, ${least} GB, not ${sizeGb} GB: make the volume larger (200 GB leaves room).`,
      );
    }
  },
};
