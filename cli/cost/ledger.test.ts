import { expect, test } from "vitest";
import { emptyLedger, heldAgainstBudget, remember, spentOf } from "./ledger.ts";
import type { Observation } from "./observe.ts";

const at = (hour: number) => new Date(Date.UTC(2026, 2, 1, hour)).toISOString();
const thing = (pricePerHour: number, kind: "machine" | "replicas" = "machine") => ({
  ...{ kind, name: "worker-1", createdAt: at(8), pricePerHour, currency: "EUR" },
});
const look = (hour: number, things: Observation["things"], balance?: number): Observation => ({
  ...{ at: at(hour), things },
  ...(balance !== undefined && { balance: { amount: balance, currency: "EUR" } }),
});

test("a thing costs from when it was made until now, with tax", () => {
  const spent = spentOf(remember(emptyLedger, look(10, { a: thing(3) })), 10);
  expect(spent.total.EUR?.high).toBeCloseTo(6.6);
  expect(spent.perHour.EUR?.high).toBeCloseTo(3.3);
  expect(spent.since).toBe(at(8));
});

test("what has gone counts until it was last seen, and no longer an hour", () => {
  const before = remember(emptyLedger, look(10, { a: thing(3), b: thing(1) }));
  const spent = spentOf(remember(before, look(12, { b: thing(1) })), 0);
  expect(spent.total).toEqual({ EUR: { low: 10, high: 10 } });
  expect(spent.perHour).toEqual({ EUR: { low: 1, high: 1 } });
});

test("a volume that grew costs its old price until then", () => {
  const before = remember(emptyLedger, look(10, { a: thing(1) }));
  const spent = spentOf(
    remember(remember(before, look(12, { a: thing(2) })), look(13, { a: thing(2) })),
    0,
  );
  expect(spent.total.EUR?.high).toBeCloseTo(4 + 2);
});

test("the same look twice changes nothing", () => {
  const once = remember(emptyLedger, look(10, { a: thing(3) }, 100));
  expect(remember(once, look(10, { a: thing(3) }, 100))).toEqual(once);
});

test("where replicas come and go, what the account lost is held against the budget if it is more", () => {
  const first = remember(emptyLedger, look(8, { a: thing(1, "replicas") }, 100));
  const rich = spentOf(remember(first, look(10, { a: thing(1, "replicas") }, 60)), 0);
  expect(rich.total.EUR?.high).toBe(2);
  expect(heldAgainstBudget(rich).EUR?.high).toBe(40);
  const machines = spentOf(
    remember(remember(emptyLedger, look(8, { a: thing(1) }, 100)), look(10, { a: thing(1) }, 60)),
    0,
  );
  expect(heldAgainstBudget(machines).EUR?.high).toBe(2);
  expect(machines.balanceFell).toMatchObject({ amount: 40, currency: "EUR" });
});

test("a balance that was topped up says nothing of what was spent", () => {
  const first = remember(emptyLedger, look(8, { a: thing(1) }, 100));
  expect(spentOf(remember(first, look(9, { a: thing(1) }, 500)), 0).balanceFell).toBeUndefined();
});
