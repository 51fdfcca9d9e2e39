import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform, rentedWorkers } from "../subjects/platform.ts";

/** Forgotten machines kept billing after a teardown by hand. */
export const workshopHasEnd: ResourceValidationPolicy = {
  name: "workshop-has-end",
  description: "Checks that what is rented has a stated end, which lies ahead.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform || rentedWorkers(platform).length === 0) return;
    const { endsAt } = platform;
    if (endsAt !== undefined && Date.parse(endsAt) > Date.now()) return;
    report(
      `A stack that rents GPUs must have an end ahead of now, not ${endsAt ?? "none"}: set comfymulti:endsAt, or run comfymulti down.`,
    );
  },
};
