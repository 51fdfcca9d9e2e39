import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform } from "../subjects/platform.ts";
import { declaredService } from "../subjects/service.ts";

/** Seconds: 15-minute videos were cut off by shorter limits. */
const LEAST_EXECUTION = 900;
const LEAST_JOB = 1800;

/** A worker's variables, the setting that each comes from, and the least it may be. */
const WORKER = [
  ["EXECUTION_TIMEOUT_SECONDS", "executionTimeoutSeconds", LEAST_EXECUTION],
  ["JOB_TIMEOUT_SECONDS", "jobTimeoutSeconds", LEAST_JOB],
] as const;

/** A long video is the point of a rented GPU. */
export const timeoutsForVideo: ResourceValidationPolicy = {
  name: "timeouts-for-video",
  description: "Checks that workers and proxies give a 15-minute video the time it takes.",
  validateResource: (resource, report) => {
    const proxy = declaredPlatform(resource.type, resource.props)?.edge.proxyTimeoutSeconds;
    if (proxy !== undefined && proxy < LEAST_EXECUTION) {
      report(
        `The proxy must wait at least ${LEAST_EXECUTION} seconds, not ${proxy}: raise its read timeout.`,
      );
    }
    const environment = declaredService(resource)?.environment ?? {};
    if (!("EXECUTION_TIMEOUT_SECONDS" in environment)) return;
    for (const [variable, setting, least] of WORKER) {
      const value = Number(environment[variable]);
      if (value >= least) continue;
      report(
        `${variable} must be at least ${least}, not ${Number.isNaN(value) ? "unset" : value}: set comfymulti:${setting}.`,
      );
    }
  },
};
