/** What the steps of a teardown work with, and what they come to. */
import type { Account } from "./accounts/survey.ts";
import type { BundleStore } from "./bundles/bundle-store.ts";
import type { EngineStack } from "./engine-stack.ts";
import type { FileSource } from "./files/source.ts";
import type { Gateway } from "./gateway.ts";
import type { Journal, JournalState } from "./journal.ts";
import type { Progress } from "./progress.ts";

/** A running platform: who is there, and how it is reached. */
export interface Running {
  readonly users: readonly string[];
  readonly gateway: Gateway;
  readonly source: FileSource;
}

export interface TeardownOptions {
  readonly stack: EngineStack;
  readonly journal: Journal;
  /** Undefined when the stack's output says nothing: it is not up, or only half. */
  readonly running: Running | undefined;
  /** Where bundles and the receipt go; throws the sentence why it is not known. */
  readonly store: () => BundleStore;
  /** Folder in the store, with a slash at its end; this teardown's is below it. */
  readonly storePrefix: string;
  /** For zips on their way. */
  readonly workDirectory: string;
  readonly accounts: readonly Account[];
  /** Names of what stays rented, beside what the journal says. */
  readonly keep: readonly string[];
  /** Seconds for which accepted jobs are waited for. */
  readonly keepWaitingSeconds: number;
  /** Go on without bundles, and without those that can't be verified. */
  readonly skipBundles: boolean;
  /**
   * Go on without bundles when the app server has not answered for so many seconds. Undefined: never.
   */
  readonly deadAfterSeconds: number | undefined;
  /** For the receipt: what the host has to know beside. */
  readonly notes: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface StepContext {
  readonly options: TeardownOptions;
  /** What is written down by now. */
  readonly state: () => JournalState;
  readonly write: (change: Partial<JournalState>) => Promise<void>;
}

/** What a step came to. */
export interface Outcome {
  readonly outcome: "done" | "skipped" | "failed";
  readonly note: string;
  /** What the journal gets with the step's end. */
  readonly change?: (state: JournalState) => Partial<JournalState>;
}

export const done = (note: string): Outcome => ({ outcome: "done", note });
/** It was left out, for this reason. */
export const skipped = (note: string): Outcome => ({ outcome: "skipped", note });
/** The teardown goes on without it; the same command tries it again. */
export const failed = (note: string): Outcome => ({ outcome: "failed", note });
