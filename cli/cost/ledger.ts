/**
 * What a stack has cost so far. Verda forgets what a machine was once it is gone, so each look at it
 * is written down: what has gone counts until it was last seen.
 */
import { z } from "zod";
import { exactly, sum, type Totals } from "./money.ts";
import { observationSchema, thingSchema, type Observation } from "./observe.ts";

const entrySchema = thingSchema.extend({
  /** Since when it has this price. */
  since: z.iso.datetime({ offset: true }),
  /** At prices that it had before. */
  spentBefore: z.number().nonnegative(),
  lastSeenAt: z.iso.datetime({ offset: true }),
});
type Entry = z.output<typeof entrySchema>;

const balanceSchema = observationSchema.shape.balance.unwrap().extend({
  at: z.iso.datetime({ offset: true }),
});

export const ledgerSchema = z.object({
  version: z.literal(1),
  entries: z.record(z.string(), entrySchema),
  /** The account's balance at the first look and at the last. */
  balance: z.object({ first: balanceSchema, last: balanceSchema }).optional(),
});
export type Ledger = z.output<typeof ledgerSchema>;

export const emptyLedger: Ledger = { version: 1, entries: {} };

const MS_AN_HOUR = 3_600_000;
const hoursBetween = (from: string, to: string): number =>
  Math.max(0, (Date.parse(to) - Date.parse(from)) / MS_AN_HOUR);

const costOf = ({ since, lastSeenAt, pricePerHour, spentBefore }: Entry): number =>
  spentBefore + hoursBetween(since, lastSeenAt) * pricePerHour;

/** The ledger with one more look at Verda. */
export function remember(ledger: Ledger, { at, things, balance }: Observation): Ledger {
  const seen = Object.entries(things).map(([id, thing]) => {
    const before = ledger.entries[id];
    const entry: Entry = before
      ? { ...before, lastSeenAt: at }
      : { ...thing, since: thing.createdAt, spentBefore: 0, lastSeenAt: at };
    const isAsBefore = before === undefined || before.pricePerHour === thing.pricePerHour;
    return [
      id,
      isAsBefore ? entry : { ...entry, ...thing, since: at, spentBefore: costOf(entry) },
    ] as const;
  });
  const last = balance && { ...balance, at };
  return {
    version: 1,
    entries: { ...ledger.entries, ...Object.fromEntries(seen) },
    ...(last && { balance: { first: ledger.balance?.first ?? last, last } }),
  };
}

export interface Spent {
  /** When the first thing of it was made; undefined when there has been none. */
  readonly since: string | undefined;
  /** Tax included. */
  readonly total: Totals;
  /** What each costs an hour that is there now; tax included. */
  readonly perHour: Totals;
  /** How much the account has less than at the first look. */
  readonly balanceFell:
    { readonly amount: number; readonly currency: string; readonly since: string } | undefined;
  /** Replicas that came with jobs are not in the total. */
  readonly hasReplicas: boolean;
}

export function spentOf({ entries, balance }: Ledger, vatPercent: number): Spent {
  const all = Object.values(entries);
  const newest = all
    .map(({ lastSeenAt }) => lastSeenAt)
    .toSorted()
    .at(-1);
  const withVat = (amount: number) => exactly(amount * (1 + vatPercent / 100));
  const fell = balance && balance.first.amount - balance.last.amount;
  return {
    since: all.map(({ createdAt }) => createdAt).toSorted()[0],
    total: sum(all.map((entry) => ({ currency: entry.currency, amount: withVat(costOf(entry)) }))),
    perHour: sum(
      all
        .filter(({ lastSeenAt }) => lastSeenAt === newest)
        .map(({ currency, pricePerHour }) => ({ currency, amount: withVat(pricePerHour) })),
    ),
    balanceFell:
      balance && fell !== undefined && fell > 0
        ? { amount: fell, currency: balance.last.currency, since: balance.first.at }
        : undefined,
    hasReplicas: all.some(({ kind }) => kind === "replicas"),
  };
}

/**
 * What is held against the budget: what is counted, or, where replicas came and went that Verda does
 * not tell of, what the account lost if that is more. Other stacks of the account are in the latter.
 */
export function heldAgainstBudget({ total, balanceFell, hasReplicas }: Spent): Totals {
  if (!hasReplicas || !balanceFell) return total;
  const counted = total[balanceFell.currency]?.high ?? 0;
  if (counted >= balanceFell.amount) return total;
  return { ...total, [balanceFell.currency]: exactly(balanceFell.amount) };
}
