/** Removes what a crash left half received. Files that another replica still writes are younger. */
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { FastifyInstance } from "fastify";
import { PARTIAL_FILE_MS } from "../limits.ts";

/** Pause between two sweeps while the service runs, ms. */
const SWEEP_MS = PARTIAL_FILE_MS / 4;

/** Removes partial files that nobody wrote to for an hour; answers how many. */
export async function sweepPartialFiles(directory: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name);
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile() || Date.now() - found.mtimeMs < PARTIAL_FILE_MS) continue;
    await rm(file, { force: true });
    removed += 1;
  }
  return removed;
}

/** Sweeps every quarter of an hour until the service closes: a broken-off upload may never go on. */
export function sweepRegularly(app: FastifyInstance, directory: () => Promise<string>): void {
  const sweep = async () => {
    try {
      await sweepPartialFiles(await directory());
    } catch (error) {
      app.log.warn({ err: error }, "partial files could not be swept");
    }
  };
  const timer = setInterval(() => void sweep(), SWEEP_MS).unref();
  app.addHook("onClose", () => clearInterval(timer));
}
