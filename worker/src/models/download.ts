/** Brings one model file from the bucket to its place: resumed, verified, then renamed. */
import { modelPath } from "@comfymulti/workflows";
import type { ModelFile } from "@comfymulti/workflows";
import { ModelsError, ObjectChangedError } from "./models-error.ts";
import type { ObjectStore, RemoteObject } from "./object-store.ts";
import { PartialFile } from "./partial-file.ts";
import { withRetries } from "./retry.ts";

/** An object that changes this often while it is read is being written by somebody. */
const VERSIONS_TRIED = 3;

export interface DownloadOptions {
  store: ObjectStore;
  signal: AbortSignal;
  /** Change of the bytes that lie on disk; negative when a beginning is thrown away. */
  onBytes: (bytes: number) => void;
  /** Told before a further try after a fault that may pass. */
  onRetry: (error: Error) => void;
}

/**
 * @param file what the manifest says
 * @param target its final place
 * @param remote what the bucket holds
 * @throws ModelsError when the content is not what the manifest promises; nothing of it stays
 */
export async function download(
  file: ModelFile,
  target: string,
  remote: RemoteObject,
  options: DownloadOptions,
): Promise<void> {
  let version = remote;
  for (let tries = 1; ; tries++) {
    requireSize(file, version);
    try {
      await downloadVersion(file, target, version, options);
      return;
    } catch (error) {
      if (!(error instanceof ObjectChangedError)) throw error;
      const changed = await options.store.head(modelPath(file), options.signal);
      if (!changed || tries === VERSIONS_TRIED) {
        throw new ModelsError(
          `${modelPath(file)} changes in the bucket while it is read: restore it when nobody writes it any more.`,
        );
      }
      version = changed;
    }
  }
}

/** @throws ModelsError when the bucket's object can't be the file of the manifest */
export function requireSize(file: ModelFile, { sizeBytes }: RemoteObject): void {
  if (file.approximate || sizeBytes === file.sizeBytes) return;
  throw new ModelsError(
    `${modelPath(file)} has ${sizeBytes} bytes in the bucket and ${file.sizeBytes} in the manifest: correct the one that is wrong.`,
  );
}

async function downloadVersion(
  file: ModelFile,
  target: string,
  remote: RemoteObject,
  { store, signal, onBytes, onRetry }: DownloadOptions,
): Promise<void> {
  const path = modelPath(file);
  const partial = await PartialFile.open(target, remote, signal);
  let resumed = partial.bytes > 0;
  onBytes(partial.bytes);
  const startAnew = async () => {
    onBytes(-partial.bytes);
    await partial.startAnew();
    resumed = false;
  };
  let brought = 0;
  const readRest = async () => {
    brought = 0;
    if (partial.bytes === remote.sizeBytes) return;
    const over = new AbortController();
    const appending = store.append(path, {
      offset: partial.bytes,
      etag: remote.etag,
      file: partial.handle,
      signal: AbortSignal.any([signal, over.signal]),
    });
    const told = (bytes: number) => {
      brought += bytes;
      onBytes(bytes);
      if (partial.bytes <= remote.sizeBytes) return;
      throw new ModelsError(`The bucket sends more of ${path} than its size: try again later.`);
    };
    try {
      await partial.follow(appending, told);
    } catch (error) {
      over.abort(error);
      await appending.catch(() => {});
      throw error;
    }
    if (partial.bytes < remote.sizeBytes) throw new Error("the transfer ended early");
  };
  const whole = () => withRetries(readRest, { signal, onRetry, progress: () => brought });
  const rightSum = () => file.sha256 === undefined || partial.sha256() === file.sha256;
  try {
    await whole();
    if (!rightSum() && resumed) {
      // The beginning may stem from a machine that lost its power: once more from the first byte.
      await startAnew();
      await whole();
    }
  } catch (error) {
    if (error instanceof ObjectChangedError) {
      onBytes(-partial.bytes);
      await partial.discard();
    } else {
      await partial.leave();
    }
    throw error;
  }
  if (!rightSum()) {
    onBytes(-partial.bytes);
    const sum = partial.sha256();
    await partial.discard();
    throw new ModelsError(
      `${path} has the SHA-256 ${sum} in the bucket and ${file.sha256 ?? ""} in the manifest: it is refused. Replace the object in the bucket, or correct the manifest.`,
    );
  }
  await partial.finish();
}
