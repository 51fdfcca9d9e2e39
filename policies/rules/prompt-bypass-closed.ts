import type { ResourceValidationPolicy } from "@pulumi/policy";
import { isPrivate } from "../subjects/addresses.ts";
import { declaredPlatform } from "../subjects/platform.ts";
import { declaredService } from "../subjects/service.ts";

const FRONTEND = /^frontend(-|$)/;

/** A frontend's own /prompt goes around the queue: no fairness, no limits, no record. */
export const promptBypassClosed: ResourceValidationPolicy = {
  name: "prompt-bypass-closed",
  description: "Checks that browsers reach frontends and workers through the queue manager alone.",
  validateResource: (resource, report) => {
    for (const { path, to } of declaredPlatform(resource.type, resource.props)?.edge.routes ?? []) {
      if (to === "queue-manager" || to === "monitoring") continue;
      report(
        `Route ${path} must lead to the queue-manager, not to the ${to}, whose own /prompt goes around the queue: change the route's target.`,
      );
    }
    const service = declaredService(resource);
    if (!service || !FRONTEND.test(service.name)) return;
    for (const { host, port } of service.listens) {
      if (isPrivate(host)) continue;
      report(
        `Port ${port} of ${service.name} must be on loopback, not on ${host}, where its own /prompt goes around the queue: set its listen address to 127.0.0.1.`,
      );
    }
  },
};
