/** Reads the bundles back. Refuses to go on while one is not what was sent, unless told. */
import { VisibleError } from "../../visible-error.ts";
import { verifyBundles } from "../bundles/collect.ts";
import type { JournalState } from "../journal.ts";
import { done, skipped, type Outcome, type StepContext } from "../step.ts";

/** @throws VisibleError naming what is not what was sent; nothing is destroyed then */
export async function verify({ options, state, write }: StepContext): Promise<Outcome> {
  const { skipBundles, stack, signal, progress } = options;
  const bundles = Object.values(state().bundles);
  if (bundles.length === 0) return skipped("there are no bundles");
  const store = options.store();
  const faults = await verifyBundles({ bundles, store, signal, at: (what) => progress.at(what) });
  const verifiedAt = new Date().toISOString();
  const verified = bundles.map((bundle) =>
    faults.has(bundle.user) ? bundle : { ...bundle, verifiedAt },
  );
  const isWhole = faults.size === 0;
  for (const [user, fault] of faults) progress.warn(`${user}: ${fault}`);
  if (!isWhole && !skipBundles) {
    // The same command makes these anew.
    const { bundle: _again, verify: _too, ...steps } = state().steps;
    await write({ steps, bundles: byUser(verified.filter(({ user }) => !faults.has(user))) });
    throw new VisibleError(
      `Nothing was destroyed, because ${faults.size === 1 ? "a bundle is" : `${faults.size} bundles are`} not what was sent:\n${[...faults].map(([user, fault]) => `  - ${user}: ${fault}`).join("\n")}\nFind out who changed it in ${store.place}; the same command makes it anew. comfymulti teardown ${stack.name} --skip-bundles goes on without it.`,
    );
  }
  await write({ bundles: byUser(verified) });
  return isWhole
    ? done(`${bundles.length} read back whole: sizes and sha256 are those of what was sent`)
    : skipped(`${faults.size} of ${bundles.length} are not what was sent: --skip-bundles`);
}

const byUser = (bundles: readonly JournalState["bundles"][string][]): JournalState["bundles"] =>
  Object.fromEntries(bundles.map((bundle) => [bundle.user, bundle]));
