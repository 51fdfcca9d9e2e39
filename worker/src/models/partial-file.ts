/**
 * A file on its way: `NAME.partial` beside its final place, and `NAME.partial.json` that says which
 * version of the object it holds a beginning of. The final name appears by a rename after the
 * content was verified and fsynced, so what stands under it is always whole.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { sizeOf } from "./directory.ts";
import type { RemoteObject } from "./object-store.ts";

const versionSchema = z.object({ etag: z.string(), sizeBytes: z.int().nonnegative() });

/** Ending of a file that is not whole yet. */
export const PARTIAL_ENDING = ".partial";

/** How much of this version of the object lies in `NAME.partial`. */
export async function partialBytes(target: string, remote: RemoteObject): Promise<number> {
  try {
    const text = await readFile(`${target}${PARTIAL_ENDING}.json`, "utf8");
    const version = versionSchema.parse(JSON.parse(text));
    if (version.etag !== remote.etag || version.sizeBytes !== remote.sizeBytes) return 0;
    const bytes = (await sizeOf(`${target}${PARTIAL_ENDING}`)) ?? 0;
    return bytes <= remote.sizeBytes ? bytes : 0;
  } catch {
    // No note of the version, or half a one: nothing tells what the bytes belong to.
    return 0;
  }
}

export class PartialFile {
  readonly #target: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash("sha256");
  /** Length of the beginning that is there. */
  bytes = 0;

  private constructor(target: string, handle: FileHandle) {
    this.#target = target;
    this.#handle = handle;
  }

  /** Takes up what an earlier run left of the same version, else starts at nothing. */
  static async open(
    target: string,
    remote: RemoteObject,
    signal: AbortSignal,
  ): Promise<PartialFile> {
    const name = `${target}${PARTIAL_ENDING}`;
    const bytes = await partialBytes(target, remote);
    const handle = await open(name, bytes > 0 ? "r+" : "w");
    const partial = new PartialFile(target, handle);
    try {
      if (bytes > 0) {
        const content = createReadStream(name, { end: bytes - 1, signal, highWaterMark: 2 ** 20 });
        for await (const chunk of content) partial.#hash.update(chunk as Buffer);
        partial.bytes = bytes;
      } else {
        await writeFile(`${name}.json`, JSON.stringify(remote));
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return partial;
  }

  async append(chunk: Buffer): Promise<void> {
    let written = 0;
    while (written < chunk.length) {
      const { bytesWritten } = await this.#handle.write(
        chunk,
        written,
        chunk.length - written,
        this.bytes + written,
      );
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  async startAnew(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash("sha256");
    this.bytes = 0;
  }

  /** SHA-256 of what is there so far. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Gives the file its final name, safely even if the power fails right after. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(`${this.#target}${PARTIAL_ENDING}`, this.#target);
    await rm(`${this.#target}${PARTIAL_ENDING}.json`, { force: true });
    const folder = await open(path.dirname(this.#target));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Leaves what is there for the next run. */
  async leave(): Promise<void> {
    await this.#handle.close();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(`${this.#target}${PARTIAL_ENDING}`, { force: true });
    await rm(`${this.#target}${PARTIAL_ENDING}.json`, { force: true });
  }
}
