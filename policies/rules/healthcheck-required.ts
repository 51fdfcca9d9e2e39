import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredContainer, declaredDeployment } from "../subjects/container.ts";

/** Without one, a service that hangs counts as running until somebody complains. */
export const healthcheckRequired: ResourceValidationPolicy = {
  name: "healthcheck-required",
  description: "Checks that every container is asked whether it is well.",
  validateResource: (resource, report) => {
    const container = declaredContainer(resource);
    const [first = "NONE"] = container?.healthcheck?.tests ?? [];
    if (container && first === "NONE") {
      report(`${container.name} must have a health check, not none: set healthcheck.tests.`);
    }
    const deployment = declaredDeployment(resource);
    for (const { image, healthcheck } of deployment?.containers ?? []) {
      if (healthcheck?.enabled) continue;
      report(
        `${image} of ${deployment?.name ?? ""} must have a health check, not none: set healthcheck.enabled with port and path.`,
      );
    }
  },
};
