/** Restores model files from the bucket: what is missing, in parallel, once per shared directory. */
import { modelPath } from "@comfymulti/workflows";
import type { ModelFile } from "@comfymulti/workflows";
import pLimit from "p-limit";
import {
  placeFor,
  requireDirectory,
  requireSpace,
  sha256Of,
  sizeFits,
  sizeOnDisk,
} from "./directory.ts";
import { withDirectoryLock } from "./directory-lock.ts";
import { download, requireSize } from "./download.ts";
import { failureOf, ModelsError } from "./models-error.ts";
import type { ObjectStore, RemoteObject } from "./object-store.ts";
import { partialBytes } from "./partial-file.ts";
import { TransferMeter } from "./transfer-meter.ts";
import type { TransferEvent } from "./transfer-meter.ts";

export type RestoreEvent =
  | TransferEvent
  /** Another restore is at work in this directory. */
  | { event: "waiting" }
  /** It was there already. */
  | { event: "skipped"; path: string }
  | { event: "restored"; path: string; sizeBytes: number }
  | { event: "failed"; path: string; message: string };

export interface RestoreOptions {
  directory: string;
  files: readonly ModelFile[];
  store: ObjectStore;
  signal: AbortSignal;
  /** Files on their way at once. */
  parallel: number;
  /** Hash the files that are there, and restore those whose sum is wrong. */
  verify: boolean;
  lockStaleSeconds: number;
  /** Between two reports of progress. */
  progressEveryMs: number;
  report: (event: RestoreEvent) => void;
}

interface Planned {
  file: ModelFile;
  target: string;
  remote: RemoteObject;
}

/**
 * A file that can't be restored does not keep the others from it.
 *
 * @returns how many files were restored, were there already, and failed
 * @throws ModelsError when nothing can be restored: credentials, disk space, the directory
 */
export async function restore(
  options: RestoreOptions,
): Promise<{ restored: number; skipped: number; failed: number }> {
  const { directory, files, store, report } = options;
  await requireDirectory(directory);
  return await withDirectoryLock(
    directory,
    {
      staleSeconds: options.lockStaleSeconds,
      signal: options.signal,
      onWait: () => report({ event: "waiting" }),
    },
    async (signal) => {
      const missing: ModelFile[] = [];
      for (const file of files) {
        if (await isThere(options, file, signal))
          report({ event: "skipped", path: modelPath(file) });
        else missing.push(file);
      }
      const skipped = files.length - missing.length;
      if (missing.length === 0) return { restored: 0, skipped, failed: 0 };
      await store.check(signal);
      const planned = await plan(options, missing, signal);
      const restored = await fetchAll(options, planned, signal);
      return { restored, skipped, failed: missing.length - restored };
    },
  );
}

async function isThere(
  { directory, verify }: RestoreOptions,
  file: ModelFile,
  signal: AbortSignal,
): Promise<boolean> {
  const size = await sizeOnDisk(directory, file);
  if (size === undefined || !sizeFits(file, size)) return false;
  if (!verify || file.sha256 === undefined) return true;
  return (await sha256Of(await placeFor(directory, file), signal)) === file.sha256;
}

/** Compares the bucket with the manifest, so that a mistake shows before hours of transfer. */
async function plan(
  { directory, store, report }: RestoreOptions,
  missing: readonly ModelFile[],
  signal: AbortSignal,
): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const file of missing) {
    const path = modelPath(file);
    try {
      const remote = await store.head(path, signal);
      if (!remote) throw new ModelsError(`${path} is not in the bucket: back it up there first.`);
      requireSize(file, remote);
      planned.push({ file, target: await placeFor(directory, file), remote });
    } catch (error) {
      if (!(error instanceof ModelsError)) throw error;
      report({ event: "failed", path, message: error.message });
    }
  }
  return planned;
}

async function fetchAll(
  { directory, store, parallel, progressEveryMs, report }: RestoreOptions,
  planned: readonly Planned[],
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  let there = 0;
  for (const { target, remote } of planned) {
    total += remote.sizeBytes;
    there += await partialBytes(target, remote);
  }
  await requireSpace(directory, total - there);
  const meter = new TransferMeter({ files: planned.length, total, there }, progressEveryMs, report);
  const limit = pLimit(parallel);
  let restored = 0;
  try {
    await Promise.all(
      planned.map(({ file, target, remote }) =>
        limit(async () => {
          const path = modelPath(file);
          try {
            signal.throwIfAborted();
            await download(file, target, remote, {
              store,
              signal,
              onBytes: meter.onBytesOf(path),
              onRetry: (error) => report({ event: "retry", path, message: error.message }),
            });
            restored++;
            report({ event: "restored", path, sizeBytes: remote.sizeBytes });
          } catch (error) {
            if (signal.aborted) return;
            report({ event: "failed", path, message: failureOf(path, error) });
          }
        }),
      ),
    );
  } finally {
    meter.stop();
  }
  signal.throwIfAborted();
  return restored;
}
