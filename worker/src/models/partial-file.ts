/**
 * A file on its way: `NAME.partial` beside its final place, and `NAME.partial.json` that says which
 * version of the object it holds a beginning of. The final name appears by a rename after the
 * content was verified and fsynced, so what stands under it is always whole.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
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

/** Read for the sum at once. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Bytes after which the disk is asked to take what has come: at the end little is left to wait for. */
const SYNC_BYTES = 64 * 1024 * 1024;
/** Pause when everything that has come is in the sum. */
const PAUSE_MS = 20;

export class PartialFile {
  readonly #target: string;
  /** Opened to append: whoever carries the bytes writes to it. */
  readonly handle: FileHandle;
  #hash: Hash = createHash("sha256");
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #unsynced = 0;
  #syncing: Promise<unknown> | undefined;
  /** The disk tells each fault only once. */
  #fault: Error | undefined;
  /** Length of the beginning that is there and in the sum. */
  bytes = 0;

  private constructor(target: string, handle: FileHandle) {
    this.#target = target;
    this.handle = handle;
  }

  /** Takes up what an earlier run left of the same version, else starts at nothing. */
  static async open(
    target: string,
    remote: RemoteObject,
    signal: AbortSignal,
  ): Promise<PartialFile> {
    const name = `${target}${PARTIAL_ENDING}`;
    const bytes = await partialBytes(target, remote);
    const handle = await open(name, "a+");
    const partial = new PartialFile(target, handle);
    try {
      if (bytes === 0) {
        await handle.truncate(0);
        await writeFile(`${name}.json`, JSON.stringify(remote));
      }
      while ((await partial.#takeIn()) > 0) signal.throwIfAborted();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return partial;
  }

  /**
   * Follows whoever appends to the file, with the sum and onto the disk, and ends when they have ended.
   *
   * @param onBytes told how many more bytes are there
   */
  async follow(appending: Promise<void>, onBytes: (bytes: number) => void): Promise<void> {
    const state = { isOver: false };
    const end = appending.finally(() => (state.isOver = true));
    // Its fault is thrown below, when everything that came before it is in the sum.
    end.catch(() => {});
    for (;;) {
      const wasOver = state.isOver;
      const taken = await this.#takeIn();
      if (taken > 0) onBytes(taken);
      else if (wasOver) break;
      else await Promise.race([end.catch(() => {}), setTimeout(PAUSE_MS)]);
    }
    await end;
  }

  /** @returns how many bytes more are in the sum */
  async #takeIn(): Promise<number> {
    const { bytesRead } = await this.handle.read(this.#piece, 0, PIECE_BYTES, this.bytes);
    this.#hash.update(this.#piece.subarray(0, bytesRead));
    this.bytes += bytesRead;
    this.#unsynced += bytesRead;
    if (this.#unsynced >= SYNC_BYTES && !this.#syncing) {
      this.#unsynced = 0;
      this.#syncing = this.handle
        .datasync()
        .catch((error: unknown) => (this.#fault ??= error as Error))
        .then(() => (this.#syncing = undefined));
    }
    return bytesRead;
  }

  async startAnew(): Promise<void> {
    await this.handle.truncate(0);
    this.#hash = createHash("sha256");
    this.bytes = 0;
  }

  /** SHA-256 of what is there so far. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Gives the file its final name, safely even if the power fails right after. */
  async finish(): Promise<void> {
    await this.#syncing;
    if (this.#fault) {
      // What the disk did not take would be read from memory as if it were there.
      await this.discard();
      throw this.#fault;
    }
    await this.handle.sync();
    await this.handle.close();
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
    await this.#syncing;
    await this.handle.close();
  }

  async discard(): Promise<void> {
    await this.leave();
    await rm(`${this.#target}${PARTIAL_ENDING}`, { force: true });
    await rm(`${this.#target}${PARTIAL_ENDING}.json`, { force: true });
  }
}
