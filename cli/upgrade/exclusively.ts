/** One upgrade or rollback of a stack at a time on this machine. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { lock } from "proper-lockfile";
import { VisibleError } from "../visible-error.ts";

/** A killed command's lock counts as left behind after this long, ms. */
const STALE_MS = 5_000;

/** @throws VisibleError when another one is at work */
export async function exclusively<Result>(
  stackName: string,
  folder: string,
  work: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = await take(stackName, folder);
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

async function take(stackName: string, folder: string): Promise<() => Promise<void>> {
  try {
    return await lock(folder, {
      lockfilePath: path.join(folder, "lock"),
      stale: STALE_MS,
      retries: { retries: 14, minTimeout: 500, maxTimeout: 500 },
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "ELOCKED") throw error;
    throw new VisibleError(
      `Another upgrade or rollback of ${stackName} is at work: wait for it to end, then run the same command again.`,
    );
  }
}
