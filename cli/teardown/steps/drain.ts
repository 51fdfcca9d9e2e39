/** Lets accepted jobs end; what takes longer than the host's patience is cancelled, and told. */
import { done, type Outcome, type StepContext } from "../step.ts";
import { waitForJobs } from "./wait-for-jobs.ts";
import type { AppServer } from "./where-alive.ts";

export function drain(
  { options, state, write }: StepContext,
  appServer: AppServer,
): Promise<Outcome> {
  const { keepWaitingSeconds, signal, progress } = options;
  return appServer.with(async ({ gateway }) => {
    const begun = Date.parse(state().steps.drain?.startedAt ?? "");
    const cancelled = await waitForJobs({
      gateway,
      until: begun + keepWaitingSeconds * 1000,
      signal,
      tell: (line) => progress.detail(line),
    });
    await write({ cancelledJobs: cancelled });
    if (cancelled.length === 0) return done("all accepted jobs have ended");
    for (const { id, user, state } of cancelled) progress.detail(`${user} ${id}, ${state}`);
    return done(`${cancelled.length} had not ended within ${keepWaitingSeconds} s: cancelled`);
  });
}
