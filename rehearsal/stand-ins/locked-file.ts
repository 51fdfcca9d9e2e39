/** JSON files that several plugins, one process each, change at once. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { lock } from "proper-lockfile";

/** A lock is held for milliseconds; this waits for about ten seconds. */
const RETRIES = { retries: 400, minTimeout: 10, maxTimeout: 40 };

/** Changes within this process wait for each other here, not at the lock. */
let last: Promise<unknown> = Promise.resolve();

/** Runs `change` while no other process changes files of this folder. */
export function exclusively<Result>(folder: string, change: () => Result): Promise<Result> {
  const next = last.then(async () => {
    const release = await lock(folder, { lockfilePath: `${folder}/.lock`, retries: RETRIES });
    try {
      return change();
    } finally {
      await release();
    }
  });
  last = next.catch(() => undefined);
  return next;
}

/** @returns Undefined when there is no such file. @throws Error in one sentence when it is no JSON */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Error(`${file} is not JSON: ${error.message}`, { cause: error });
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whoever reads meanwhile sees the old file or the new one, never a part. */
export function writeJson(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
