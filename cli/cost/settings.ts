/** What of a stack's settings money depends on. */
import { participantNames } from "../../stacks/plans.ts";
import type { Settings } from "../../stacks/settings.ts";

type Used =
  | ("users" | "vatPercent" | "budget" | "endsAt")
  | ("budgetAction" | "exchangeRates" | "otherCosts" | "vaultGb");

export type CostSettings = Pick<Settings, Used> & {
  /** A machine is rented by hand for it. */
  readonly hasAppServer: boolean;
};

export function costSettings(settings: Settings): CostSettings {
  const { vatPercent, budget, endsAt } = settings;
  const users = participantNames(settings).length;
  const { budgetAction, exchangeRates, otherCosts, vaultGb } = settings;
  return {
    ...{ users, vatPercent, budget, endsAt, budgetAction, exchangeRates, otherCosts, vaultGb },
    hasAppServer: settings.appServer !== undefined,
  };
}
