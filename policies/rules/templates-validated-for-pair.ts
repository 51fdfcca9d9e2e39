import { templates } from "@comfymulti/workflows";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { because, findTemplate, isCaptured, pairCell } from "../compatibility.ts";
import { declaredPlatform, versionsOf } from "../subjects/platform.ts";

/** A template that was promised for the day must not be refused on the day. */
export const templatesValidatedForPair: ResourceValidationPolicy = {
  name: "templates-validated-for-pair",
  description: "Checks that every template of the stack is accepted by every version in use.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform) return;
    const versions = [...versionsOf(platform, "frontend"), ...versionsOf(platform, "worker")];
    for (const id of platform.templates) {
      const template = findTemplate(id);
      if (!template) {
        report(
          `Template ${id} must be one of ${templates.map((known) => known.id).join(", ")}: correct comfymulti:templates, or add it to workflows/templates.`,
        );
        continue;
      }
      for (const version of new Set(versions)) {
        if (!isCaptured(version)) continue;
        const cell = pairCell(version, version, [id]);
        if (cell.verdict !== "blocked") continue;
        report(
          `Template ${id} must be accepted by ComfyUI ${version}, and is not (${because(cell)}): run comfymulti workflows check --worker ${version} --fix, or leave it out of comfymulti:templates.`,
        );
      }
    }
  },
};
