import type { ResourceValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { declaredService } from "../subjects/service.ts";

const settingsSchema = z.object({
  maxDepth: z.number().int().positive().default(1000).describe("Deepest queue allowed, jobs"),
});

/** A queue without an end is memory without an end, and waits that nobody sits out. */
export const queueDepthLimited: ResourceValidationPolicy = {
  name: "queue-depth-limited",
  description: "Checks that the queue refuses jobs beyond a stated depth.",
  configSchema: {
    properties: { maxDepth: { type: "integer", minimum: 1, default: 1000 } },
  },
  validateResource: (resource, report) => {
    const service = declaredService(resource);
    if (!service || !/^queue-manager(-\d+)?$/.test(service.name)) return;
    const { maxDepth } = settingsSchema.parse(resource.getConfig());
    const value = service.variable("MAX_QUEUE_DEPTH");
    const depth = Number(value);
    if (depth >= 1 && depth <= maxDepth) return;
    report(
      `MAX_QUEUE_DEPTH must be between 1 and ${maxDepth}, not ${value ?? "unset"}: set comfymulti:maxQueueDepth.`,
    );
  },
};
