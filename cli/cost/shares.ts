/** Who has caused how much of the cost: by seconds on a GPU, or evenly where nobody has used one. */
import { timesTotals, type Totals } from "./money.ts";

/** A job as the admin API lists it; times in ms since 1970. */
export interface RunJob {
  readonly user: string;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
}

export interface Share {
  readonly user: string;
  readonly gpuSeconds: number;
  readonly cost: Totals;
}

export interface Shares {
  readonly by: "GPU seconds" | "heads";
  readonly shares: readonly Share[];
}

/**
 * @param users All participants.
 * @param jobs Undefined when the queue manager was not there to be asked.
 */
export function sharesOf(
  total: Totals,
  users: readonly string[],
  jobs: readonly RunJob[] | undefined,
  now: Date,
): Shares {
  const seconds = new Map(users.map((user) => [user, 0]));
  for (const { user, startedAt, endedAt } of jobs ?? []) {
    if (startedAt === undefined) continue;
    const ran = Math.max(0, (endedAt ?? now.getTime()) - startedAt) / 1000;
    // A participant who has been removed has still used it.
    seconds.set(user, (seconds.get(user) ?? 0) + ran);
  }
  const all = [...seconds.values()].reduce((sum, one) => sum + one, 0);
  const shares = [...seconds].map(([user, gpuSeconds]) => ({
    ...{ user, gpuSeconds },
    cost: timesTotals(total, all > 0 ? gpuSeconds / all : 1 / seconds.size),
  }));
  return { by: all > 0 ? "GPU seconds" : "heads", shares };
}
