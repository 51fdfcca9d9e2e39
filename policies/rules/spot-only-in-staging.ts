import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredDeployment } from "../subjects/container.ts";
import { declaredPlatform } from "../subjects/platform.ts";

/** The provider takes spot machines back in the middle of a job; on staging that is a fair price. */
export const spotOnlyInStaging: ResourceValidationPolicy = {
  name: "spot-only-in-staging",
  description: "Checks that nothing which the provider may take back serves a workshop.",
  validateResource: (resource, report) => {
    const declared = declaredPlatform(resource.type, resource.props)?.workers ?? [];
    const isInstance = resource.type === "verda:index:Instance";
    const spot = [
      ...declared.filter((worker) => worker.spot).map(({ name }) => name),
      ...(isInstance && resource.props["isSpot"] === true ? [resource.name] : []),
      ...(declaredDeployment(resource)?.isSpot ? [resource.name] : []),
    ];
    for (const name of spot) {
      report(`${name} must be rented on demand, not on spot, outside staging: set isSpot: false.`);
    }
  },
};
