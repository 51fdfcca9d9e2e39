/**
 * Writes a participant's files into one zip, in the order of their names, hashing each on its way.
 * Nothing but the file that is read is held in memory.
 */
import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import type { FileSource, ParticipantFile } from "../files/source.ts";
import type { BundledFile, Manifest } from "./manifest.ts";

/** Compressed as they are: trying it again only takes time. */
const COMPRESSED = /\.(png|jpe?g|webp|gif|avif|mp4|webm|mkv|mov|mp3|flac|ogg|opus|zip|gz|7z)$/i;

export interface BundleOptions {
  readonly stack: string;
  readonly user: string;
  /** When the teardown began: the same in every bundle of it. */
  readonly collectedAt: string;
  readonly source: FileSource;
  /** Where the zip is put; it appears there only once it is whole. */
  readonly file: string;
  readonly signal: AbortSignal;
}

/** @throws when a file can't be read, or is not as long as it was listed */
export async function writeBundle(options: BundleOptions): Promise<Manifest> {
  const { stack, user, collectedAt, source, file, signal } = options;
  const listed = inOrder(await source.list(user));
  const files: BundledFile[] = [];
  const zip = new ZipFile();
  const failed = new AbortController();
  // yazl does not pass a source's fault on to its output.
  const fail = (error: unknown) => failed.abort(error);
  zip.on("error", fail);

  for (const entry of listed) {
    const options = {
      mtime: entry.modified,
      mode: 0o100644,
      compress: !COMPRESSED.test(entry.path),
    };
    zip.addReadStreamLazy(entry.path, options, (opened) => {
      openHashed(source, user, entry, (done) => files.push(done)).then(
        (content) => opened(null, content.on("error", fail)),
        (error: unknown) => opened(error, Readable.from([])),
      );
    });
  }
  // Its turn comes when all others have been read.
  zip.addReadStreamLazy(
    "manifest.json",
    { mtime: new Date(collectedAt), mode: 0o100644 },
    (opened) => opened(null, Readable.from([jsonText({ stack, user, collectedAt, files })])),
  );
  zip.end();

  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.partial`;
  const hashing = new Hashing();
  try {
    await pipeline(
      zip.outputStream as Readable,
      hashing,
      createWriteStream(partial, { mode: 0o600, flush: true }),
      { signal: AbortSignal.any([signal, failed.signal]) },
    );
  } catch (error) {
    await rm(partial, { force: true });
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
  await rename(partial, file);
  return {
    stack,
    user,
    collectedAt,
    files,
    zip: { bytes: hashing.bytes, sha256: hashing.sha256() },
  };
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** By code units, so that the order is the same on every machine. */
const inOrder = (files: readonly ParticipantFile[]): ParticipantFile[] =>
  files.toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));

async function openHashed(
  source: FileSource,
  user: string,
  { path: place, bytes, modified }: ParticipantFile,
  done: (file: BundledFile) => void,
): Promise<Readable> {
  const content = await source.open(user, { path: place, bytes, modified });
  const hashing = new Hashing((read) => {
    if (read !== bytes) {
      throw new Error(`${place} of ${user} has ${read} bytes and was listed with ${bytes}`);
    }
    done({ path: place, bytes, sha256: hashing.sha256() });
  });
  content.on("error", (error) => hashing.destroy(error));
  return content.pipe(hashing);
}

/** Lets bytes through, and knows how many they were and their sha256. */
export class Hashing extends Transform {
  readonly #hash: Hash = createHash("sha256");
  readonly #atEnd: ((bytes: number) => void) | undefined;
  bytes = 0;

  /** @param atEnd Called with the number of bytes; what it throws is the stream's error. */
  constructor(atEnd?: (bytes: number) => void) {
    super();
    this.#atEnd = atEnd;
  }

  /** Once all bytes are through. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#atEnd?.(this.bytes);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}
