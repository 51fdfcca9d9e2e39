/** A file on its way in: written, hashed, counted and flushed before anybody can see it. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { errors } from "../errors.ts";

export interface PartialFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Streams into a new file below `directory` and fsyncs it. Throws 413 when more than `limit` bytes
 * come; nothing stays behind on any error. The caller places the file, then removes it.
 */
export async function receiveFile(
  source: Readable,
  directory: string,
  limit: number,
): Promise<PartialFile> {
  const target = path.join(directory, randomUUID());
  const file = await open(target, "wx", 0o600);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) throw errors.tooLarge(limit);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(target, { force: true });
    throw error;
  }
  await file.close();
  return { path: target, bytes, sha256: hash.digest("hex") };
}

/** sha256 of a file on disk, hex. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}
