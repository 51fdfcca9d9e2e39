/** Asks the accounts what is left, and writes the receipt. */
import { surveyAccounts } from "../accounts/survey.ts";
import { known } from "../known.ts";
import { makeReceipt } from "../receipt.ts";
import { done, type Outcome, type StepContext } from "../step.ts";

export async function prove(context: StepContext): Promise<Outcome> {
  const { options, state } = context;
  const { accounts, stack, progress, notes } = options;
  progress.at("asking the accounts");
  const types = (state().declared ?? []).map(({ type }) => type);
  const surveys = await surveyAccounts(accounts, known(stack, state()), types);
  for (const survey of surveys) {
    if (survey.state === "not checked") {
      progress.warn(`${survey.account}: not checked, ${survey.why}`);
      continue;
    }
    progress.detail(`${survey.account}: ${survey.left.length} left, ${survey.kept.length} kept`);
    for (const { kind, name, id } of survey.left) progress.warn(`${kind} ${name} (${id}) is left`);
  }
  const asked = surveys.filter(({ state }) => state === "asked").length;
  return {
    ...done(`${asked} of ${surveys.length} accounts asked`),
    change: (state) => ({
      receipt: makeReceipt(state, surveys, { place: bundlesPlace(context), notes }),
    }),
  };
}

function bundlesPlace({ options, state }: StepContext): string | undefined {
  try {
    return Object.keys(state().bundles).length > 0 ? options.store().place : undefined;
  } catch {
    // Its key went with the stack; the bundles did not.
    return undefined;
  }
}
