/** Ends a workshop: bundles everybody's work, destroys what is rented, and proves that nothing is left. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { lock } from "proper-lockfile";
import { InterruptedError } from "../interrupted-error.ts";
import { FolderStore } from "../teardown/bundles/folder-store.ts";
import { jsonText } from "../teardown/bundles/write-bundle.ts";
import { dueAt } from "../teardown/due.ts";
import { openJournal } from "../teardown/open-journal.ts";
import { planText } from "../teardown/plan.ts";
import { prepareTeardown, type Prepared } from "../teardown/prepare.ts";
import { Progress } from "../teardown/progress.ts";
import { assertKnown } from "../teardown/protection.ts";
import type { Receipt } from "../teardown/receipt.ts";
import { receiptText, verdictSentence } from "../teardown/receipt-text.ts";
import { Teardown } from "../teardown/teardown.ts";
import { readSettings } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";

export interface TeardownFlags {
  /** Do it only when `comfymulti:endsAt` has passed. */
  readonly ifDue: boolean;
  /** Do not ask. */
  readonly yes: boolean;
  /** Only tell what would be done. */
  readonly dryRun: boolean;
  readonly skipBundles: boolean;
  /** The receipt as JSON on standard output; everything else goes to standard error. */
  readonly json: boolean;
  /** Seconds for which accepted jobs are waited for. */
  readonly keepWaiting: number;
  /** Seconds of the app server's silence after which it goes on without bundles. Default: never. */
  readonly deadAfter?: number;
  /** Folder for the bundles instead of a bucket. */
  readonly bundles?: string;
  /** Names of what stays rented. */
  readonly keep: readonly string[];
}

/** `teardown`, with its options. */
export const teardownCommand = (): Command =>
  new Command("teardown")
    .description(
      "end a workshop: bundle everybody's work, destroy what is rented, prove that nothing is left",
    )
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--if-due", "only when comfymulti:endsAt has passed; for timers", false)
    .option("--yes", "do not ask", false)
    .option("--dry-run", "only tell what would be done", false)
    .option("--skip-bundles", "go on without bundles that can't be made or verified", false)
    .option(
      "--bundles <folder>",
      "where bundles go instead of the bucket; default on this machine: .comfymulti/bundles/<stack>",
    )
    .option(
      "--keep-waiting <seconds>",
      "how long accepted jobs may take to end; then they are cancelled",
      seconds,
      DEFAULT_PATIENCE_SECONDS,
    )
    .option(
      "--dead-after <seconds>",
      "go on without bundles when the app server has not answered for so long; default: never",
      seconds,
    )
    .addOption(
      new Option(
        "--keep <name...>",
        "what stays rented, by its name in the plan: fleet-shared-filesystem",
      ).default([], "nothing but the buckets"),
    )
    .option("--json", "the receipt as JSON, for programs", false)
    .addHelpText("after", EXIT_CODES)
    .action(teardown);

const EXIT_CODES = `
Exit codes:
  0    nothing of the stack is left that costs money; or it is not due; or --dry-run
  1    it refused, or could not go on; the last lines say why. Nothing is lost: run it again
  2    it is down, but something is left, or an account could not be asked: see the receipt
  130  interrupted; the same command goes on where it stopped`;

/** As long as one video may take without any progress. */
const DEFAULT_PATIENCE_SECONDS = 900;
const MOST_SECONDS = 86_400;

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > MOST_SECONDS) {
    throw new InvalidArgumentError(`Give whole seconds, 0 to ${MOST_SECONDS}.`);
  }
  return value;
}

/** A killed command's lock counts as left behind after this long, ms. */
const LOCK_STALE_MS = 5_000;

/** Of a teardown whose receipt says something else than that nothing is left. */
const EXIT_NOT_CLEAN = 2;

export async function teardown(stackName: string, flags: TeardownFlags): Promise<void> {
  const print = console.log;
  // The engine's progress, too, is said by console.log.
  if (flags.json) console.log = console.error;
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const result = await run(stackName, flags, interruption.signal);
    if (flags.json) print(JSON.stringify(result, null, 2));
    if ("verdict" in result && result.verdict !== "clean") process.exitCode = EXIT_NOT_CLEAN;
  } catch (error) {
    if (interruption.signal.aborted) throw new InterruptedError();
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    console.log = print;
  }
}

type Result = Receipt | { readonly due: boolean; readonly sentence: string };

async function run(stackName: string, flags: TeardownFlags, signal: AbortSignal): Promise<Result> {
  if (flags.ifDue) {
    const { isDue, sentence } = dueAt(stackName, readSettings(stackName).endsAt, new Date());
    console.log(sentence);
    if (!isDue) return { due: false, sentence };
  }
  const progress = new Progress((line) => console.log(line));
  try {
    const prepared = await prepareTeardown(stackName, {
      bundles: flags.bundles,
      keep: flags.keep,
      signal,
      warn: (line) => progress.warn(line),
    });
    if (flags.dryRun) {
      const text = await plan(prepared, flags);
      console.log(`\n${text}\n\nNothing was done: --dry-run.`);
      return { due: true, sentence: text };
    }
    mkdirSync(prepared.workDirectory, { recursive: true, mode: 0o700 });
    const release = await exclusively(stackName, prepared.workDirectory);
    try {
      return await carryOut(prepared, flags, { signal, progress });
    } finally {
      await release().catch(() => undefined);
    }
  } finally {
    progress.end();
  }
}

async function carryOut(
  prepared: Prepared,
  flags: TeardownFlags,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<Receipt> {
  const { stack, journal } = prepared;
  const state = await openJournal(prepared, (line) => progress.warn(line));
  if (state.receipt?.verdict === "clean") {
    console.log(`\nThe teardown of ${stack.name} is done already, at ${state.receipt.provedAt}.`);
    console.log(`${verdictSentence(state.receipt).replaceAll("**", "")}`);
    console.log(`Receipt: ${receiptFile(prepared, state.receipt)}`);
    return state.receipt;
  }
  if (Object.keys(state.steps).length > 0) {
    console.log(`\nGoing on with the teardown of ${stack.name} that began ${state.startedAt}.`);
  } else if (!flags.yes) {
    await confirm(stack.name, await plan(prepared, flags));
  }
  const work = new Teardown(
    {
      ...prepared,
      keepWaitingSeconds: flags.keepWaiting,
      skipBundles: flags.skipBundles,
      deadAfterSeconds: flags.deadAfter,
      progress,
      signal,
    },
    state,
  );
  await journal.write(state);
  const receipt = await work.run();
  await hand(prepared, receipt, progress);
  return receipt;
}

async function plan(prepared: Prepared, flags: TeardownFlags): Promise<string> {
  const { stack, running, store, keep, accounts, notes } = prepared;
  const resources = await stack.resources();
  if (resources.length > 0) assertKnown(resources, keep);
  return planText({
    stack: stack.name,
    users: running?.users,
    bundles: flags.skipBundles ? undefined : store().place,
    keepWaitingSeconds: flags.keepWaiting,
    ...{ resources, keep },
    accounts,
    notes,
  });
}

/** @throws VisibleError unless the stack's name is typed */
async function confirm(stackName: string, plan: string): Promise<void> {
  console.log(`\n${plan}`);
  if (!process.stdin.isTTY) {
    throw new VisibleError("Nothing was done: nobody can be asked here. Add --yes to do it.");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`\nType ${stackName} to do it: `);
    if (answer.trim() !== stackName) throw new VisibleError("Nothing was done.");
  } finally {
    terminal.close();
  }
}

/** Writes the receipt beside the journal and, with the bundles, into the store. */
async function hand(prepared: Prepared, receipt: Receipt, progress: Progress): Promise<void> {
  const texts = { "receipt.md": receiptText(receipt), "receipt.json": jsonText(receipt) };
  const here = new FolderStore(prepared.workDirectory);
  for (const [name, text] of Object.entries(texts)) {
    await here.putText(`${receipt.run}/${name}`, text);
  }
  try {
    const store = prepared.store();
    for (const [name, text] of Object.entries(texts)) {
      await store.putText(`${prepared.storePrefix}${receipt.run}/${name}`, text);
    }
  } catch (error) {
    progress.warn(
      `the receipt lies here alone: it could not be stored with the bundles (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  console.log(`\n${verdictSentence(receipt).replaceAll("**", "")}`);
  for (const note of receipt.notes) console.log(`! ${note}`);
  console.log(`Receipt: ${receiptFile(prepared, receipt)}`);
}

const receiptFile = ({ workDirectory }: Prepared, { run }: Receipt): string =>
  path.join(workDirectory, run, "receipt.md");

/** @throws VisibleError when another teardown of this stack is at work on this machine */
async function exclusively(stackName: string, folder: string): Promise<() => Promise<void>> {
  try {
    return await lock(folder, {
      lockfilePath: path.join(folder, "lock"),
      stale: LOCK_STALE_MS,
      retries: { retries: 14, minTimeout: 500, maxTimeout: 500 },
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "ELOCKED") throw error;
    throw new VisibleError(
      `Another teardown of ${stackName} is at work: wait for it to end, then run the same command again.`,
    );
  }
}
