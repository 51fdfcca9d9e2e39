/** What has been spent, for people. */
import Table from "cli-table3";
import type { LiveCost } from "./live-cost.ts";
import { amountText, totalsText } from "./money.ts";

export function liveText({ spent, shares }: LiveCost): string {
  const { since, total, perHour, balanceFell, hasReplicas } = spent;
  if (since === undefined) return "Nothing of this stack has been rented from Verda yet.";
  const table = new Table({
    head: ["participant", "on a GPU", "cost so far"],
    style: { head: [], border: [] },
  });
  for (const { user, gpuSeconds, cost } of shares.shares) {
    table.push([user, `${Math.round(gpuSeconds)} s`, totalsText(cost)]);
  }
  return [
    `Spent on Verda since ${since}: ${totalsText(total)}; now ${totalsText(perHour)} an hour.`,
    ...(balanceFell
      ? [
          `The account has ${amountText(balanceFell.amount, balanceFell.currency)} less than at ${balanceFell.since}; everything else in it is in that too.`,
        ]
      : []),
    ...(hasReplicas
      ? [
          "Serverless replicas that came with jobs are not in what is spent: Verda does not tell of them. The account's balance holds them.",
        ]
      : []),
    ...(shares.shares.length > 0
      ? [
          table.toString(),
          shares.by === "heads"
            ? "Nobody's seconds on a GPU are known, so it is shared evenly."
            : "Shared by seconds on a GPU, of the jobs that history still holds.",
        ]
      : []),
  ].join("\n");
}
