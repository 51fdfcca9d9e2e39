/** Where bundles, receipts and, for a stack elsewhere, the journal lie. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

export interface BundleStore {
  /** For people: a folder, or `s3://bucket/`. */
  readonly place: string;
  /** Stores a file under this key, replacing what was there. */
  put(key: string, file: string): Promise<void>;
  putText(key: string, text: string): Promise<void>;
  /** The content; undefined when there is none. */
  read(key: string): Promise<Readable | undefined>;
}

export interface Stored {
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads an object back, all of it: the only proof that does not rely on what a server says. */
export async function readBack(store: BundleStore, key: string): Promise<Stored | undefined> {
  const content = await store.read(key);
  if (!content) return undefined;
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
