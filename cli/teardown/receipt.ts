/** The receipt of a teardown: what was done, what it cost to keep, and whether anything is left. */
import { z } from "zod";
import { foundSchema, surveySchema, type Survey } from "./accounts/survey.ts";
import { bundleSchema, type Bundle } from "./bundles/manifest.ts";
import type { DeclaredResource } from "./engine-stack.ts";
import type { JournalState } from "./journal.ts";
import { stepNames } from "./step-names.ts";

const time = z.iso.datetime();
const thingSchema = z.object({ type: z.string(), name: z.string(), id: z.string() });

export const verdicts = ["clean", "left", "unproven"] as const;

export const receiptSchema = z.object({
  version: z.literal(1),
  stack: z.string(),
  run: z.string(),
  startedAt: time,
  /** When the accounts were asked. */
  provedAt: time,
  /**
   * `clean`: nothing is left. `left`: something is, which may cost money. `unproven`: an account where
   * the stack had something could not be asked.
   */
  verdict: z.enum(verdicts),
  steps: z.array(
    z.object({
      name: z.enum(stepNames),
      startedAt: time,
      endedAt: time,
      outcome: z.enum(["done", "skipped", "failed"]),
      note: z.string(),
    }),
  ),
  bundles: z.object({
    /** Where they lie; absent when there are none. */
    place: z.string().optional(),
    list: z.array(bundleSchema),
    /** How they were verified. */
    verification: z.string(),
  }),
  cancelledJobs: z.array(z.object({ id: z.string(), user: z.string(), state: z.string() })),
  destroyed: z.array(thingSchema),
  /** What the engine could not destroy, as on a machine that does not answer. */
  stuck: z.array(thingSchema),
  kept: z.array(thingSchema.extend({ monthly: foundSchema.shape.monthly })),
  accounts: z.array(surveySchema),
  /** What the host has to know or do beside. */
  notes: z.array(z.string()),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** What an account still holds and should not; what goes by itself does not count. */
export const leftIn = (accounts: readonly Survey[]) =>
  accounts.flatMap((survey) => (survey.state === "asked" ? survey.left : []));

/** @param stuck how many things the engine could not destroy */
export function verdictOf(accounts: readonly Survey[], stuck: number): Receipt["verdict"] {
  if (stuck > 0 || leftIn(accounts).some(({ goesByItself }) => !goesByItself)) return "left";
  const lacks = accounts.some((survey) => survey.state === "not checked" && survey.isNeeded);
  return lacks ? "unproven" : "clean";
}

/**
 * The receipt of what the journal says.
 *
 * @param place Where the bundles lie.
 * @param notes What the host has to know beside.
 */
export function makeReceipt(
  journal: JournalState,
  accounts: readonly Survey[],
  { place, notes }: { readonly place: string | undefined; readonly notes: readonly string[] },
): Receipt {
  const { stack, run, startedAt, steps, declared = [], kept = [], remaining = [] } = journal;
  const bundles = Object.values(journal.bundles).toSorted((left, right) =>
    left.user < right.user ? -1 : 1,
  );
  const isThere = ({ urn }: { urn: string }) => remaining.includes(urn);
  const isKept = ({ urn }: { urn: string }) => kept.includes(urn) && remaining.includes(urn);
  const left = new Set(leftIn(accounts).map(({ id }) => id));
  // What an account shows is told there.
  const stuck = declared.filter((thing) => isThere(thing) && !isKept(thing) && !left.has(thing.id));
  const found = accounts.flatMap((survey) => (survey.state === "asked" ? survey.kept : []));
  return {
    version: 1,
    ...{ stack, run, startedAt },
    provedAt: new Date().toISOString(),
    verdict: verdictOf(accounts, stuck.length),
    steps: stepNames.flatMap((name) => {
      const step = steps[name];
      if (step?.endedAt === undefined || step.outcome === undefined) return [];
      const { startedAt: begun, endedAt, outcome, note } = step;
      return [{ name, startedAt: begun, endedAt, outcome, note }];
    }),
    bundles: {
      ...(place === undefined ? {} : { place }),
      list: bundles,
      verification: verificationOf(bundles),
    },
    cancelledJobs: journal.cancelledJobs,
    destroyed: declared.filter((thing) => !isThere(thing)).map(thingOf),
    stuck: stuck.map(thingOf),
    kept: declared.filter(isKept).map((thing) => {
      const ids = [thing.id, thing.fullName];
      const monthly = found.find(({ id, name }) => ids.includes(id) || ids.includes(name))?.monthly;
      return { ...thingOf(thing), ...(monthly ? { monthly } : {}) };
    }),
    accounts: [...accounts],
    notes: [...notes],
  };
}

const thingOf = ({ type, fullName, name, id }: DeclaredResource) => ({
  ...{ type, id },
  name: fullName ?? name,
});

function verificationOf(bundles: readonly Bundle[]): string {
  if (bundles.length === 0) return "No bundles were made.";
  const unverified = bundles.filter(({ verifiedAt }) => verifiedAt === undefined);
  return unverified.length === 0
    ? "Each zip and each manifest was read back in full; size and sha256 are those of what was sent."
    : `Not verified: ${unverified.map(({ user }) => user).join(", ")}. All others were read back in full; size and sha256 are those of what was sent.`;
}
