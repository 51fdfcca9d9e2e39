import type { ResourceValidationPolicy } from "@pulumi/policy";
import { because, pairCell } from "../compatibility.ts";
import { compareVersions, declaredPlatform, versionsOf } from "../subjects/platform.ts";

/** The golden rule: a worker never goes ahead of what its frontends' workflows were validated for. */
export const workerNotAheadOfValidatedFrontend: ResourceValidationPolicy = {
  name: "worker-not-ahead-of-validated-frontend",
  description:
    "Checks that no worker is newer than a frontend whose graphs it does not take as they are.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform) return;
    for (const frontend of versionsOf(platform, "frontend")) {
      for (const worker of versionsOf(platform, "worker")) {
        if (compareVersions(worker, frontend) <= 0) continue;
        const cell = pairCell(frontend, worker, platform.templates);
        if (cell.verdict === "ok" || cell.verdict === "discouraged") continue;
        report(
          `Workers must be at most as new as the oldest frontend, ${frontend}, not ${worker} (${cell.verdict}: ${because(cell)}): upgrade the frontends first, or set comfymulti:workerVersion to ${frontend}.`,
        );
      }
    }
  },
};
