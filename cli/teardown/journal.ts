/**
 * What a teardown has done so far, written down after each step, so that one that was cut off is
 * gone on with by the same command. It holds no secret.
 */
import {
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { z } from "zod";
import { VisibleError } from "../visible-error.ts";
import { bundleSchema } from "./bundles/manifest.ts";
import { declaredResourceSchema } from "./engine-stack.ts";
import { receiptSchema } from "./receipt.ts";
import { stepNames } from "./step-names.ts";

const time = z.iso.datetime();

const stepSchema = z.object({
  startedAt: time,
  /** Absent while it runs, and when it was cut off. */
  endedAt: time.optional(),
  outcome: z.enum(["done", "skipped", "failed"]).optional(),
  /** What it came to, one line for people. */
  note: z.string().default(""),
});

export const journalSchema = z.object({
  version: z.literal(1),
  /** Grows with every write: of two copies the larger one is newer. */
  revision: z.number().int().nonnegative(),
  stack: z.string(),
  /** Names this teardown: bundles and receipts lie under it. */
  run: z.string().regex(/^[0-9TZ-]+$/),
  startedAt: time,
  steps: z.partialRecord(z.enum(stepNames), stepSchema).default({}),
  /** Jobs that had not ended in time. */
  cancelledJobs: z
    .array(z.object({ id: z.string(), user: z.string(), state: z.string() }))
    .default([]),
  /** By participant. */
  bundles: z.record(z.string(), bundleSchema).default({}),
  /** What the stack's state knew before it was destroyed. */
  declared: z.array(declaredResourceSchema).optional(),
  /** URNs of what is to stay, whoever goes on. */
  kept: z.array(z.string()).optional(),
  /** URNs that the state knew after it. */
  remaining: z.array(z.string()).optional(),
  /** Of the last proof. */
  receipt: receiptSchema.optional(),
});
export type JournalState = z.infer<typeof journalSchema>;

/** Where a journal lies: a folder of this machine, or object storage. */
export interface Journal {
  /** For people. */
  readonly place: string;
  /** Undefined before the first teardown. @throws VisibleError when it can't be understood */
  read(): Promise<JournalState | undefined>;
  /** Replaces it whole: whoever reads sees the old one or the new one. */
  write(state: JournalState): Promise<void>;
}

/** A journal of this machine. */
export class FileJournal implements Journal {
  readonly place: string;

  /** @param file absolute */
  constructor(file: string) {
    this.place = file;
  }

  async read(): Promise<JournalState | undefined> {
    let text: string;
    try {
      text = readFileSync(this.place, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return Promise.resolve(parseJournal(text, this.place));
  }

  async write(state: JournalState): Promise<void> {
    mkdirSync(path.dirname(this.place), { recursive: true, mode: 0o700 });
    const draft = `${this.place}.new`;
    const handle = openSync(draft, "w", 0o600);
    try {
      writeSync(handle, journalText(state));
      // A step that was written down must stay so through a power cut.
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, this.place);
    await Promise.resolve();
  }
}

/** @throws VisibleError */
export function parseJournal(text: string, place: string): JournalState {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    throw new VisibleError(
      `The journal of the teardown, ${place}, can't be understood: move it away to begin anew. Bundles that were made stay where they are.`,
      { cause: error },
    );
  }
}

export const journalText = (state: JournalState): string => `${JSON.stringify(state, null, 2)}\n`;

/**
 * @param now names it, to the second
 * @param before the one whose place it takes: a copy of that must not count as newer
 */
export function newJournal(stack: string, now: Date, before?: JournalState): JournalState {
  return {
    version: 1,
    revision: before === undefined ? 0 : before.revision + 1,
    stack,
    run: now.toISOString().replaceAll(/[:]|\.\d+/g, ""),
    startedAt: now.toISOString(),
    steps: {},
    cancelledJobs: [],
    bundles: {},
  };
}
