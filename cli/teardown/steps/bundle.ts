/** Collects what everybody has made, and stores it. */
import { VisibleError } from "../../visible-error.ts";
import type { BundleStore } from "../bundles/bundle-store.ts";
import { collectBundles } from "../bundles/collect.ts";
import { done, skipped, type Outcome, type StepContext } from "../step.ts";
import type { AppServer } from "./where-alive.ts";

export async function bundle(context: StepContext, appServer: AppServer): Promise<Outcome> {
  const { options, state, write } = context;
  const { skipBundles, stack, storePrefix, workDirectory, signal, progress } = options;
  return appServer.with(async ({ users, source }) => {
    if (skipBundles) return skipped("as asked: --skip-bundles");
    const store = options.store();
    await refuseDoomedBucket(context, store);
    await collectBundles({
      ...{ stack: stack.name, users, source, store },
      collectedAt: state().startedAt,
      prefix: `${storePrefix}${state().run}/`,
      ...{ workDirectory, signal },
      stored: state().bundles,
      onStored: (made) => write({ bundles: { ...state().bundles, [made.user]: made } }),
      at: (what) => progress.at(what),
      tell: (line) => progress.detail(line),
    });
    return done(`${users.length} bundles in ${store.place}`);
  });
}

/** A bucket that no update protects would go with the stack, and the bundles with it. */
async function refuseDoomedBucket({ options }: StepContext, { place }: BundleStore): Promise<void> {
  const doomed = (await options.stack.resources()).find(
    ({ type, isProtected, id, fullName }) =>
      /:R2Bucket$/i.test(type) && !isProtected && place === `s3://${fullName ?? id}/`,
  );
  if (!doomed) return;
  throw new VisibleError(
    `The bundles would go with the stack: bucket ${doomed.fullName ?? doomed.id} is not protected. Set comfymulti:vault.protect to true and run npx comfymulti up ${options.stack.name}, or name another place: --bundles FOLDER.`,
  );
}
