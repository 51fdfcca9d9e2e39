import type { ResourceValidationPolicy } from "@pulumi/policy";
import { captureHint, isCaptured } from "../compatibility.ts";
import { declaredPlatform } from "../subjects/platform.ts";

/** What is not captured can't be compared, and what can't be compared is found by everybody at once. */
export const workerVersionCaptured: ResourceValidationPolicy = {
  name: "worker-version-captured",
  description: "Checks that the node definitions of every worker's ComfyUI are known.",
  validateResource: ({ type, props }, report) => {
    for (const { name, comfyuiVersion } of declaredPlatform(type, props)?.workers ?? []) {
      if (isCaptured(comfyuiVersion)) continue;
      report(
        `${name} must run a captured version of ComfyUI, not ${comfyuiVersion}: ${captureHint(comfyuiVersion)}.`,
      );
    }
  },
};
