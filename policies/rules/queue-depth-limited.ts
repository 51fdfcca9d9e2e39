import type { ResourceValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { declaredService } from "../service.ts";

const settingsSchema = z.object({
  maxDepth: z.number().int().positive().default(1000).describe("Deepest queue allowed, jobs"),
});

/** A queue without an end is memory without an end, and waits that nobody sits out. */
export const queueDepthLimited: ResourceValidationPolicy = {
  name: "queue-depth-limited",
  description: "Checks that the queue refuses jobs beyond a stated depth.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: { maxDepth: { type: "integer", minimum: 1, default: 1000 } },
  },
  validateResource: ({ type, props, getConfig }, report) => {
    const service = declaredService(type, props);
    if (service?.name !== "queue-manager") return;
    const { maxDepth } = settingsSchema.parse(getConfig());
    const depth = Number(service.environment.MAX_QUEUE_DEPTH);
    if (!(depth >= 1 && depth <= maxDepth)) {
      report(
        `MAX_QUEUE_DEPTH must be between 1 and ${maxDepth}, not ${service.environment.MAX_QUEUE_DEPTH ?? "unset"}: set comfymulti:maxQueueDepth.`,
      );
    }
  },
};
