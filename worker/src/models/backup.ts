/**
 * Uploads the files of the models directory that the bucket lacks or holds with another size.
 * Deletes nothing. A file that is not what the manifest promises is never uploaded over a good one.
 */
import path from "node:path";
import { modelPath } from "@comfymulti/workflows";
import type { ModelFile, ModelManifest } from "@comfymulti/workflows";
import { requireDirectory, sha256Of, sizeFits } from "./directory.ts";
import { listFiles } from "./list-files.ts";
import type { DiskFile } from "./list-files.ts";
import { failureOf, ModelsError } from "./models-error.ts";
import type { ObjectStore } from "./object-store.ts";
import { PARTIAL_ENDING } from "./partial-file.ts";
import { TransferMeter } from "./transfer-meter.ts";
import type { TransferEvent } from "./transfer-meter.ts";

export type BackupEvent =
  | TransferEvent
  /** The bucket holds it with this size already. */
  | { event: "skipped"; path: string }
  | { event: "uploaded"; path: string; sizeBytes: number }
  | { event: "failed"; path: string; message: string };

export interface BackupOptions {
  directory: string;
  manifest: ModelManifest;
  store: ObjectStore;
  signal: AbortSignal;
  progressEveryMs: number;
  report: (event: BackupEvent) => void;
}

/** One file after the other: each goes in parallel parts. */
export async function backup({
  directory,
  manifest,
  store,
  signal,
  progressEveryMs,
  report,
}: BackupOptions): Promise<{ uploaded: number; skipped: number; failed: number }> {
  await requireDirectory(directory);
  await store.check(signal);
  const known = new Map(manifest.files.map((file) => [modelPath(file), file]));
  const wanted: DiskFile[] = [];
  let skipped = 0;
  const onDisk = (await listFiles(directory)).filter(
    (file) => !file.path.endsWith(PARTIAL_ENDING) && !file.path.endsWith(`${PARTIAL_ENDING}.json`),
  );
  for (const file of onDisk) {
    if ((await store.head(file.path, signal))?.sizeBytes === file.sizeBytes) {
      skipped++;
      report({ event: "skipped", path: file.path });
    } else {
      wanted.push(file);
    }
  }
  const total = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const meter = new TransferMeter(
    { files: wanted.length, total, there: 0 },
    progressEveryMs,
    report,
  );
  let uploaded = 0;
  try {
    for (const { path: name, sizeBytes } of wanted) {
      const local = path.join(directory, name);
      const onBytes = meter.onBytesOf(name);
      onBytes(0);
      try {
        await requireGenuine(local, sizeBytes, known.get(name), signal);
        await store.upload(name, local, signal, onBytes);
        uploaded++;
        report({ event: "uploaded", path: name, sizeBytes });
      } catch (error) {
        signal.throwIfAborted();
        report({ event: "failed", path: name, message: failureOf(name, error) });
      }
    }
  } finally {
    meter.stop();
  }
  return { uploaded, skipped, failed: wanted.length - uploaded };
}

async function requireGenuine(
  local: string,
  sizeBytes: number,
  file: ModelFile | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!file) return;
  const advice = "it is not uploaded. Restore it, or correct the manifest.";
  if (!sizeFits(file, sizeBytes)) {
    throw new ModelsError(
      `${local} has ${sizeBytes} bytes instead of ${file.sizeBytes}: ${advice}`,
    );
  }
  if (file.sha256 !== undefined && (await sha256Of(local, signal)) !== file.sha256) {
    throw new ModelsError(`${local} has another SHA-256 than the manifest: ${advice}`);
  }
}
