/**
 * One restore at a time in a models directory, across all machines that share it. The holder renews
 * the lock; one that a dead machine left behind is taken over after `MODELS_LOCK_STALE_SECONDS`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import path from "node:path";
import { lock } from "proper-lockfile";
import { ModelsError } from "./models-error.ts";

const LOCK_NAME = ".restore.lock";
/** Between two looks at a lock that another holds. */
const POLL_MS = 1000;

export interface DirectoryLockOptions {
  staleSeconds: number;
  signal: AbortSignal;
  /** Told once, when another restore is at work. */
  onWait: () => void;
}

/** @param work gets a signal that also ends it when the lock is lost */
export async function withDirectoryLock<Value>(
  directory: string,
  { staleSeconds, signal, onWait }: DirectoryLockOptions,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const lost = new AbortController();
  const release = await take(directory, staleSeconds, signal, onWait, () => {
    lost.abort(
      new ModelsError(
        `Another restore took over the lock of ${directory}, because this machine was held up: run the restore again.`,
      ),
    );
  });
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    // A lost lock is another's: there is nothing to give back.
    if (!lost.signal.aborted) await release();
  }
}

async function take(
  directory: string,
  staleSeconds: number,
  signal: AbortSignal,
  onWait: () => void,
  onCompromised: () => void,
): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    signal.throwIfAborted();
    try {
      return await lock(directory, {
        lockfilePath: path.join(directory, LOCK_NAME),
        stale: staleSeconds * 1000,
        update: (staleSeconds * 1000) / 4,
        onCompromised,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    }
    if (!told) onWait();
    await sleep(POLL_MS, undefined, { signal });
  }
}
