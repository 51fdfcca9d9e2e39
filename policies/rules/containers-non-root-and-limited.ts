import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredContainer } from "../subjects/container.ts";

/** Custom nodes run any code; as root and without limits one of them takes the machine. */
export const containersNonRootAndLimited: ResourceValidationPolicy = {
  name: "containers-non-root-and-limited",
  description: "Checks that containers run as a user of their own, with bounds on memory and CPU.",
  validateResource: (resource, report) => {
    const container = declaredContainer(resource);
    if (!container) return;
    const { name, user, privileged, memory, cpus, cpuQuota } = container;
    if (user === undefined || /^(root|0+)(:|$)/.test(user) || privileged) {
      const found = privileged ? "a privileged one" : (user ?? "the image's default");
      report(`${name} must run as a user other than root, not as ${found}: set user, "1000:1000".`);
    }
    if (!(memory !== undefined && memory > 0)) {
      report(`${name} must have a bound on memory, not none: set memory (MB).`);
    }
    if (!(Number(cpus) > 0 || (cpuQuota !== undefined && cpuQuota > 0))) {
      report(`${name} must have a bound on CPU, not none: set cpus, "0.5".`);
    }
  },
};
