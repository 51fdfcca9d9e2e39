import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform, isLive, rentedWorkers } from "../subjects/platform.ts";
import { readImage } from "../subjects/image-reference.ts";

/** Without the old image at hand a rollback takes a build instead of a minute. */
export const rollbackImageRetained: ResourceValidationPolicy = {
  name: "rollback-image-retained",
  description:
    "Checks that a version of frontend and worker is kept to which the stack can go back.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform || !isLive(platform)) return;
    const inContainers = {
      frontend: platform.frontends.some(({ engine }) => engine === "comfyui"),
      worker: rentedWorkers(platform).length > 0,
    };
    for (const service of ["frontend", "worker"] as const) {
      const kept = platform.retained.filter((retained) => retained.service === service);
      if (kept.length === 0) {
        report(
          `A version of the ${service} must be retained for a rollback, and none is: name it in comfymulti:retained.`,
        );
      }
      for (const { version, image } of inContainers[service] ? kept : []) {
        if (image !== undefined && readImage(image).digest !== undefined) continue;
        report(
          `The image retained for ${service} ${version} must be named by its digest (name@sha256:…), not ${image ?? "left out"}: push it and correct comfymulti:retained.`,
        );
      }
    }
  },
};
