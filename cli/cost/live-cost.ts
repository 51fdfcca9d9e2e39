/** What a stack that is up has cost so far, and whose doing it was. */
import { AdminApi } from "./admin-api.ts";
import { remember, spentOf, type Spent } from "./ledger.ts";
import { readLedger, writeLedger } from "./ledger-file.ts";
import { observe } from "./observe.ts";
import { sharesOf, type RunJob, type Shares } from "./shares.ts";
import { hasCredentials, verdaClient, type StackView } from "./stack-view.ts";
import type { CostSettings } from "./settings.ts";

export interface LiveCost {
  readonly spent: Spent;
  readonly shares: Shares;
}

/**
 * Looks at Verda, and writes down what it saw.
 *
 * @returns the sentence why it can't be told, when it can't
 * @throws VisibleError when the ledger is broken
 */
export async function liveCost(
  view: StackView,
  settings: CostSettings,
  now: Date,
): Promise<LiveCost | string> {
  if (!hasCredentials(view.verda)) {
    return "What has been spent is not known without Verda's credentials: set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET.";
  }
  const stackName = view.scope.stack;
  const ledger = readLedger(stackName);
  let observation;
  try {
    observation = await observe(verdaClient(view.verda), view.scope, view.resources, now);
  } catch (error) {
    return `What has been spent is not known: ${error instanceof Error ? error.message : String(error)}`;
  }
  const updated = remember(ledger, observation);
  if (Object.keys(updated.entries).length > 0) writeLedger(stackName, updated);
  const spent = spentOf(updated, settings.vatPercent);
  const users = view.platform?.users.map(({ id }) => id) ?? [];
  return { spent, shares: sharesOf(spent.total, users, await jobsOf(view), now) };
}

/** Undefined when the queue manager is not there: the shares are even then, and say so. */
async function jobsOf({ platform }: StackView): Promise<RunJob[] | undefined> {
  if (!platform) return undefined;
  return await new AdminApi(platform.admin).jobs().catch(() => undefined);
}
