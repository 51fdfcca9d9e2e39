import type { ResourceValidationPolicy } from "@pulumi/policy";
import { findTemplate } from "../compatibility.ts";
import { declaredPlatform } from "../subjects/platform.ts";

/** What the worker's own check keeps free, MiB. */
const MARGIN_MIB = 2048;

/** A GPU that is too small fails the job after minutes of loading, and is paid for. */
export const vramFitsTemplates: ResourceValidationPolicy = {
  name: "vram-fits-templates",
  description: "Checks that every rented GPU carries every template of the stack.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform) return;
    const needs = platform.templates.flatMap((id) => findTemplate(id) ?? []);
    const largest = needs.toSorted((a, b) => b.vramMiB.max - a.vramMiB.max)[0];
    if (!largest || largest.vramMiB.max === 0) return;
    const least = largest.vramMiB.max + MARGIN_MIB;
    for (const { name, host, gpuVramMiB } of platform.workers) {
      // A simulated GPU has no memory of its own.
      if (gpuVramMiB === undefined ? host === "local" : gpuVramMiB >= least) continue;
      report(
        `The GPU of ${name} must have at least ${least} MiB for ${largest.id}, not ${gpuVramMiB ?? "an unknown size"}: rent a larger one, or leave the template out of comfymulti:templates.`,
      );
    }
  },
};
