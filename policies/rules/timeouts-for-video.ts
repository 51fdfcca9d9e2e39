import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredService } from "../service.ts";

/** Seconds: 15-minute videos were cut off by shorter limits. */
const LEAST = { EXECUTION_TIMEOUT_SECONDS: 900, JOB_TIMEOUT_SECONDS: 1800 };

/** A long video is the point of a rented GPU. */
export const timeoutsForVideo: ResourceValidationPolicy = {
  name: "timeouts-for-video",
  description: "Checks that workers give a 15-minute video the time it takes.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    const service = declaredService(type, props);
    if (!service || !("EXECUTION_TIMEOUT_SECONDS" in service.environment)) return;
    for (const [variable, least] of Object.entries(LEAST)) {
      const value = Number(service.environment[variable]);
      if (!(value >= least)) {
        const setting =
          variable === "JOB_TIMEOUT_SECONDS" ? "jobTimeoutSeconds" : "executionTimeoutSeconds";
        report(`${variable} must be at least ${least}, not ${value}: set comfymulti:${setting}.`);
      }
    }
  },
};
