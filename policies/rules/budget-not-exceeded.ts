import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform } from "../subjects/platform.ts";

const HOUR = 3_600_000;

/** Hours times price, before anything is rented. */
export const budgetNotExceeded: ResourceValidationPolicy = {
  name: "budget-not-exceeded",
  description: "Checks that the hours until the stack's end, at its price, fit its budget.",
  validateResource: ({ type, props }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform || platform.hourlyPrice === 0) return;
    const { budget, hourlyPrice, endsAt } = platform;
    if (!budget) {
      report(
        `A stack of ${hourlyPrice} an hour must have a budget, not none: set comfymulti:budget.`,
      );
      return;
    }
    // Without an end the cost has no bound; workshop-has-end says so.
    if (endsAt === undefined) return;
    const hours = Math.max(0, (Date.parse(endsAt) - Date.now()) / HOUR);
    const cost = hours * hourlyPrice;
    if (cost <= budget.amount) return;
    const { currency, amount } = budget;
    report(
      `The stack must cost at most ${amount} ${currency} until its end, not ${Math.ceil(cost)} (${hours.toFixed(1)} h × ${hourlyPrice}): set comfymulti:endsAt earlier, rent less, or raise comfymulti:budget.`,
    );
  },
};
