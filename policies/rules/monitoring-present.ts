import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform, isLive } from "../subjects/platform.ts";

/** Monitoring was planned once and was not there on the day. */
export const monitoringPresent: ResourceValidationPolicy = {
  name: "monitoring-present",
  description: "Checks that a live stack is watched, with alerts.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform || !isLive(platform) || platform.monitoring) return;
    report("A live stack must have monitoring, not none: declare the monitoring component.");
  },
};
