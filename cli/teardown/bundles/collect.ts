/** Makes every participant's bundle and stores it; reads all of them back. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import pRetry from "p-retry";
import { VisibleError } from "../../visible-error.ts";
import type { FileSource } from "../files/source.ts";
import { formatBytes } from "../words.ts";
import { readBack, type BundleStore } from "./bundle-store.ts";
import type { Bundle } from "./manifest.ts";
import { jsonText, writeBundle } from "./write-bundle.ts";

/** A participant may save a workflow at the very moment. */
const RETRIES = 2;

export interface CollectOptions {
  readonly stack: string;
  readonly users: readonly string[];
  readonly collectedAt: string;
  readonly source: FileSource;
  readonly store: BundleStore;
  /** Folder of the store for this teardown's bundles, with a slash at its end. */
  readonly prefix: string;
  /** Where a zip lies until it is stored: room for the largest one. */
  readonly workDirectory: string;
  readonly signal: AbortSignal;
  /** Those that are stored already, by participant. */
  readonly stored: Readonly<Record<string, Bundle>>;
  /** Told of each one before the next is begun. */
  readonly onStored: (bundle: Bundle) => Promise<void>;
  readonly at: (what: string) => void;
  readonly tell: (line: string) => void;
}

export async function collectBundles(options: CollectOptions): Promise<void> {
  for (const user of options.users) {
    if (options.stored[user]) continue;
    options.signal.throwIfAborted();
    const bundle = await pRetry(() => collectOne(user, options), {
      retries: RETRIES,
      minTimeout: 500,
      signal: options.signal,
      shouldRetry: ({ error }) => !(error instanceof VisibleError),
    }).catch((error: unknown) => {
      if (options.signal.aborted || error instanceof VisibleError) throw error;
      throw new VisibleError(
        `What ${user} has made could not be bundled (${error instanceof Error ? error.message : String(error)}): run the same command again.`,
        { cause: error },
      );
    });
    await options.onStored(bundle);
    options.tell(`${user}: ${bundle.files} files, ${formatBytes(bundle.bytes)}`);
  }
}

async function collectOne(user: string, options: CollectOptions): Promise<Bundle> {
  const { stack, collectedAt, source, store, prefix, workDirectory, signal, at } = options;
  const file = path.join(workDirectory, `${user}.zip`);
  at(`bundling ${user}`);
  const manifest = await writeBundle({ stack, user, collectedAt, source, file, signal });
  try {
    at(`storing ${user}, ${formatBytes(manifest.zip.bytes)}`);
    const key = `${prefix}${user}.zip`;
    await store.put(key, file);
    const text = jsonText(manifest);
    const manifestKey = `${prefix}${user}.manifest.json`;
    await store.putText(manifestKey, text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    return {
      user,
      key,
      ...manifest.zip,
      manifest: { key: manifestKey, bytes: Buffer.byteLength(text), sha256 },
      files: manifest.files.length,
      storedAt: new Date().toISOString(),
    };
  } finally {
    await rm(file, { force: true });
  }
}

export interface VerifyOptions {
  readonly bundles: readonly Bundle[];
  readonly store: BundleStore;
  readonly signal: AbortSignal;
  readonly at: (what: string) => void;
}

/** @returns what is wrong with those that are not as they were sent, by participant */
export async function verifyBundles(options: VerifyOptions): Promise<Map<string, string>> {
  const faults = new Map<string, string>();
  for (const bundle of options.bundles) {
    options.signal.throwIfAborted();
    options.at(`reading back ${bundle.user}, ${formatBytes(bundle.bytes)}`);
    const fault = (await faultOf(options, bundle)) ?? (await faultOf(options, bundle.manifest));
    if (fault !== undefined) faults.set(bundle.user, fault);
  }
  return faults;
}

async function faultOf(
  { store, signal }: VerifyOptions,
  sent: { readonly key: string; readonly bytes: number; readonly sha256: string },
): Promise<string | undefined> {
  const found = await pRetry(() => readBack(store, sent.key), {
    retries: RETRIES,
    minTimeout: 500,
    signal,
    shouldRetry: ({ error }) => !(error instanceof VisibleError),
  }).catch((error: unknown) => {
    if (signal.aborted || error instanceof VisibleError) throw error;
    throw new VisibleError(
      `${sent.key} in ${store.place} could not be read back (${error instanceof Error ? error.message : String(error)}): run the same command again.`,
      { cause: error },
    );
  });
  if (!found) return `${sent.key} is not there any more`;
  if (found.bytes !== sent.bytes) {
    return `${sent.key} has ${found.bytes} bytes, and ${sent.bytes} were sent`;
  }
  if (found.sha256 !== sent.sha256) {
    return `${sent.key} holds other bytes than were sent (sha256 ${found.sha256}, sent ${sent.sha256})`;
  }
  return undefined;
}
