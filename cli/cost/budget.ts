/** Holds money against `comfymulti:budget`. */
import { amountText, convert, type Totals } from "./money.ts";
import type { CostSettings } from "./settings.ts";

/** Of the budget, from which on the host is warned. */
export const WARNING_SHARE = 0.8;

export interface BudgetVerdict {
  /** `unclear`: something is in a currency that has no rate. */
  readonly state: "fits" | "warning" | "over" | "unclear";
  /** Of the budget, at the high end. */
  readonly share: number;
  readonly sentence: string;
}

type Held = Pick<CostSettings, "exchangeRates"> & {
  readonly budget: NonNullable<CostSettings["budget"]>;
};

/** Whether what is going to be spent in all fits, at its high end. */
export function judgeForecast(expected: Totals, settings: Held): BudgetVerdict {
  return judge(expected, settings, (text, budget) => ({
    fits: `The budget of ${budget} holds: at most ${text}.`,
    warning: `The budget of ${budget} holds, barely: at most ${text}.`,
    over: `The budget of ${budget} may not hold: up to ${text}. Set comfymulti:endsAt earlier, rent less, or raise comfymulti:budget.`,
  }));
}

/** Whether what has been spent leaves something. */
export function judgeSpent(spent: Totals, settings: Held): BudgetVerdict {
  return judge(spent, settings, (text, budget, percent) => ({
    fits: `Spent: ${text} of ${budget} (${percent} %).`,
    warning: `${percent} % of the budget are spent: ${text} of ${budget}. End the stack in time (npx comfymulti teardown), or raise comfymulti:budget.`,
    over: `The budget is spent: ${text} of ${budget} (${percent} %).`,
  }));
}

function judge(
  totals: Totals,
  { budget, exchangeRates }: Held,
  say: (
    text: string,
    budget: string,
    percent: number,
  ) => Readonly<Record<Exclude<BudgetVerdict["state"], "unclear">, string>>,
): BudgetVerdict {
  const currency = budget.currency.toUpperCase();
  const { amount, missing } = convert(totals, currency, exchangeRates);
  const share = amount.high / budget.amount;
  const sentences = say(
    amountText(amount.high, currency),
    amountText(budget.amount, currency),
    Math.round(share * 100),
  );
  if (share >= 1) return { state: "over", share, sentence: sentences.over };
  if (missing.length > 0) {
    return {
      ...{ state: "unclear", share },
      sentence: `The budget is in ${currency}, and prices are in ${missing.join(" and ")} too: set comfymulti:exchangeRates, {"${missing[0]}": …}, or the budget in ${missing[0]}.`,
    };
  }
  const state = share >= WARNING_SHARE ? "warning" : "fits";
  return { state, share, sentence: sentences[state] };
}
