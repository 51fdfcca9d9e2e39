/** Amounts that may lie in a range and in several currencies, which are never mixed without a rate. */

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Currency (`EUR`) → amount. */
export type Totals = Readonly<Record<string, Range>>;

export const exactly = (amount: number): Range => ({ low: amount, high: amount });

export const times = ({ low, high }: Range, factor: number): Range => ({
  low: low * factor,
  high: high * factor,
});

export const plus = (one: Range, other: Range): Range => ({
  low: one.low + other.low,
  high: one.high + other.high,
});

/** As budgets write it; Verda's lists have `usd`. */
export const currencyCode = (code: string): string => code.toUpperCase();

export function sum(
  amounts: readonly { readonly currency: string; readonly amount: Range }[],
): Totals {
  const totals: Record<string, Range> = {};
  for (const { currency, amount } of amounts) {
    totals[currency] = plus(totals[currency] ?? exactly(0), amount);
  }
  return totals;
}

export const addTotals = (one: Totals, other: Totals): Totals =>
  sum(
    [one, other].flatMap((totals) =>
      Object.entries(totals).map(([currency, amount]) => ({ currency, amount })),
    ),
  );

export const timesTotals = (totals: Totals, factor: number): Totals =>
  Object.fromEntries(
    Object.entries(totals).map(([currency, amount]) => [currency, times(amount, factor)]),
  );

export interface Converted {
  readonly amount: Range;
  /** Currencies that have no rate: what is in them is not in the amount. */
  readonly missing: readonly string[];
}

/**
 * All of it in one currency.
 *
 * @param rates What one unit of another currency is worth in this one.
 */
export function convert(
  totals: Totals,
  currency: string,
  rates: Readonly<Record<string, number>>,
): Converted {
  let amount = exactly(0);
  const missing: string[] = [];
  for (const [code, part] of Object.entries(totals)) {
    const rate = code === currency ? 1 : rates[code];
    if (rate !== undefined) amount = plus(amount, times(part, rate));
    else if (part.high > 0) missing.push(code);
  }
  return { amount, missing };
}

/** `12.34 EUR`; less than a unit with more digits: `0.0548 EUR`. */
export function amountText(amount: number, currency: string): string {
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  return `${amount.toFixed(digits)} ${currency}`;
}

/** `12.34 EUR`, `12.34 – 56.78 EUR`. */
export function rangeText({ low, high }: Range, currency: string): string {
  const from = amountText(low, currency);
  const to = amountText(high, currency);
  return from === to ? to : `${from.slice(0, -currency.length - 1)} – ${to}`;
}

/** `12.34 EUR and 1.00 USD`; `nothing`. */
export function totalsText(totals: Totals): string {
  const parts = Object.entries(totals).filter(([, { high }]) => high !== 0);
  if (parts.length === 0) return "nothing";
  return parts.map(([currency, amount]) => rangeText(amount, currency)).join(" and ");
}
