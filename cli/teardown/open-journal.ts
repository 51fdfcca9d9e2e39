/** Where a teardown goes on, or that it begins anew. */
import { GatewayError } from "./gateway.ts";
import { newJournal, type JournalState } from "./journal.ts";
import type { Prepared } from "./prepare.ts";

/**
 * What is gone on with; a new one when there is none, when the stack has come up again since, and when
 * its host has opened the queue again: bundles of before would lack what was made since.
 */
export async function openJournal(
  { stack, journal, running }: Pick<Prepared, "stack" | "journal" | "running">,
  tell: (line: string) => void,
): Promise<JournalState> {
  const state = await journal.read();
  const anew = () => newJournal(stack.name, new Date(), state);
  if (!state) return anew();
  if (!state.receipt) {
    if (!running || !(await isOpenAgain(running.gateway, state))) return state;
    tell("the queue was opened again since this teardown began: it begins anew");
    return anew();
  }
  const remaining = new Set(state.remaining);
  const isUpAgain = (await stack.resources()).some(({ urn }) => !remaining.has(urn));
  if (isUpAgain) return anew();
  if (state.receipt.verdict === "clean") return state;
  // Something was left: it may be gone by now.
  const { prove: _again, ...steps } = state.steps;
  const { receipt: _old, ...rest } = state;
  return { ...rest, steps };
}

/** Before anything is destroyed. A gateway that does not answer is the next step's matter. */
async function isOpenAgain(
  gateway: { isClosed(): Promise<boolean> },
  { steps }: JournalState,
): Promise<boolean> {
  if (steps.announce?.outcome !== "done" || steps.destroy !== undefined) return false;
  try {
    return !(await gateway.isClosed());
  } catch (error) {
    if (error instanceof GatewayError) return false;
    throw error;
  }
}
