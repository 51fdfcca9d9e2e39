import type { ResourceValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { declaredPlatform, isLive, versionsOf } from "../subjects/platform.ts";

const settingsSchema = z.object({
  leastJobs: z.number().int().positive().default(10).describe("Jobs that a canary completes"),
});

/** One of this many participants is the most that a canary takes: the first batch of five of twenty. */
const CANARY_SHARE = 4;

/** Today a bad version is found by twenty people at once; a canary finds it with one. */
export const canaryBeforeFleet: ResourceValidationPolicy = {
  name: "canary-before-fleet",
  description:
    "Checks that a version reaches the fleet only after a canary completed jobs with it, or it ran here before.",
  configSchema: { properties: { leastJobs: { type: "integer", minimum: 1, default: 10 } } },
  validateResource: ({ type, props, getConfig }, report) => {
    const platform = declaredPlatform(type, props);
    // Staging is where canaries are made.
    if (!platform || !isLive(platform) || platform.kind !== "workshop") return;
    const { leastJobs } = settingsSchema.parse(getConfig());
    for (const service of ["frontend", "worker"] as const) {
      for (const version of versionsOf(platform, service)) {
        const users = platform.frontends.filter((frontend) => frontend.version === version).length;
        const workers = platform.workers.filter((worker) => worker.comfyuiVersion === version);
        const isFleet =
          service === "frontend"
            ? users > Math.max(1, platform.frontends.length / CANARY_SHARE)
            : workers.length > 1 || platform.workers.length === 1;
        const ranBefore = platform.retained.some(
          (kept) => kept.service === service && kept.version === version,
        );
        const jobs = platform.canaries
          .filter((canary) => canary.service === service && canary.version === version)
          .reduce((most, canary) => Math.max(most, canary.jobs), 0);
        if (!isFleet || ranBefore || jobs >= leastJobs) continue;
        report(
          `${service} ${version} must have a canary record of at least ${leastJobs} jobs before it reaches the fleet, not ${jobs}: try it on staging and record that in comfymulti:canaries.`,
        );
      }
    }
  },
};
