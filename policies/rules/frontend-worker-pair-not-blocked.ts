import type { ResourceValidationPolicy } from "@pulumi/policy";
import { because, captureHint, isCaptured, pairCell } from "../compatibility.ts";
import { declaredPlatform, versionsOf } from "../subjects/platform.ts";

/** A pair is judged by running every template's graph through the worker's node definitions. */
export const frontendWorkerPairNotBlocked: ResourceValidationPolicy = {
  name: "frontend-worker-pair-not-blocked",
  description: "Checks that graphs of every frontend's version can run on every worker's version.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform) return;
    for (const frontend of versionsOf(platform, "frontend")) {
      for (const worker of versionsOf(platform, "worker")) {
        const cell = pairCell(frontend, worker, platform.templates);
        if (cell.verdict !== "blocked") continue;
        const unknown = [frontend, worker].find((version) => !isCaptured(version));
        const next = unknown
          ? captureHint(unknown)
          : `see comfymulti workflows check --worker ${worker}, or change comfymulti:workerVersion`;
        report(
          `Frontend ${frontend} with worker ${worker} must not be blocked, and is (${because(cell)}): ${next}.`,
        );
      }
    }
  },
};
