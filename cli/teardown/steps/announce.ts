/** Tells participants that it ends, and takes no more jobs. */
import { done, type Outcome, type StepContext } from "../step.ts";
import type { AppServer } from "./where-alive.ts";

/** What participants read in their editor, and when a job is refused. */
const ANNOUNCEMENT =
  "This site closes soon. Save your workflow now: pictures and saved workflows are collected when the last jobs have ended.";
const ANNOUNCEMENT_WITHOUT_BUNDLES =
  "This site closes soon, and nothing is collected from it: download what you want to keep now.";

export function announce({ options }: StepContext, appServer: AppServer): Promise<Outcome> {
  return appServer.with(async ({ gateway }) => {
    await gateway.announce(options.skipBundles ? ANNOUNCEMENT_WITHOUT_BUNDLES : ANNOUNCEMENT);
    await gateway.closeIntake();
    return done("every open editor shows it, and new jobs are refused with a sentence");
  });
}
