/**
 * Destroys what is rented, for good. What can't be destroyed, as the containers of a dead machine, is told
 * and does not keep the rest.
 */
import { VisibleError } from "../../visible-error.ts";
import { known } from "../known.ts";
import { assertKnown, keptUrns } from "../protection.ts";
import { done, failed, type Outcome, type StepContext } from "../step.ts";

export async function destroy(context: StepContext): Promise<Outcome> {
  const { options, state, write } = context;
  const { stack, progress, signal } = options;
  if (!state().declared) await declare(context);
  const kept = new Set(state().kept);
  let fault: string | undefined;
  try {
    await stack.destroy(kept);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof VisibleError)) throw error;
    fault = error.message;
    progress.warn(fault);
  }
  const remaining = (await stack.resources()).map(({ urn }) => urn);
  await write({ remaining });
  const erased = await emptyTrash(context);
  const stuck = remaining.filter((urn) => !kept.has(urn)).length;
  const gone = (state().declared ?? []).filter(({ urn }) => !remaining.includes(urn)).length;
  const note = [
    `${gone} things destroyed`,
    ...(erased === 0 ? [] : [`${erased} ${erased === 1 ? "disk" : "disks"} erased from the trash`]),
    ...(kept.size === 0 ? [] : [`${kept.size} kept as declared`]),
    ...(stuck === 0 ? [] : [`${stuck} could not be destroyed`]),
  ].join(", ");
  return stuck > 0 || fault !== undefined ? failed(note) : done(note);
}

/**
 * Once: what a destroy that was cut off has removed already belongs on the receipt, too, and what was
 * to be kept is kept by the next one.
 */
async function declare({ options, write }: StepContext): Promise<void> {
  const declared = await options.stack.resources();
  // A stack that is gone already has nothing to keep.
  if (declared.length > 0) assertKnown(declared, options.keep);
  await write({ declared, kept: keptUrns(declared, options.keep) });
}

async function emptyTrash({ options, state }: StepContext): Promise<number> {
  let erased = 0;
  for (const account of options.accounts) {
    if (account.unavailable !== undefined || !account.emptyTrash) continue;
    options.progress.at(`emptying ${account.name}'s trash`);
    try {
      const names = await account.emptyTrash(known(options.stack, state()));
      for (const name of names) options.progress.detail(`${name} erased from the trash`);
      erased += names.length;
    } catch (error) {
      // The proof says what is left in it.
      const reason = error instanceof Error ? error.message : String(error);
      options.progress.warn(`${account.name}'s trash could not be emptied: ${reason}`);
    }
  }
  return erased;
}
