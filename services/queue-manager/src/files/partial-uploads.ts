/**
 * Uploads that may break off and go on later, at this replica or at another one on the same disk.
 *
 * What came so far lies in the partial directory as `<key>.kept`. Who receives more of it renames it
 * first to a name of its own, `<key>.<uuid>.writing`: only one can. A replica touches the files that
 * it receives; one that nobody touched for a while was left by a replica that was killed, and is
 * taken over. A replica that only slept meanwhile spoils nothing: it writes the same bytes to the
 * same places, and finds its name gone when it wants to place the file.
 */
import { createHash, randomUUID } from "node:crypto";
import { open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { GatewayError } from "../errors.ts";
import type { PartialFile } from "./partial-file.ts";

/** Pause between two signs of life on a file that is being received, ms. */
const ALIVE_MS = 3_000;
/** Age of the last sign of life beyond which nobody receives the file any more, ms. */
const ABANDONED_MS = 15_000;

/** Which upload: the same three values mean the same bytes for the same job. */
export interface UploadIdentity {
  readonly job: string;
  /** Hex, lower case. */
  readonly sha256: string;
  /** Bytes of the whole file. */
  readonly size: number;
}

export const uploadErrors = {
  busy: () =>
    new GatewayError(423, "upload_busy", "This file is being received already", {
      details: "Wait for the other request to end, then ask with HEAD how much of it is here.",
      headers: { "retry-after": "1" },
    }),
  wrongOffset: (bytes: number) =>
    new GatewayError(409, "wrong_offset", "The upload does not go on at this byte", {
      details: `Go on at byte ${bytes}, which upload-offset names, or send the whole file.`,
      headers: { "upload-offset": String(bytes) },
    }),
  brokenOff: () =>
    new GatewayError(400, "upload_broken_off", "The upload broke off", {
      details: "What arrived is kept for an hour; ask with HEAD where to go on.",
    }),
};

interface Found {
  readonly path: string;
  readonly bytes: number;
  /** Somebody receives it now. */
  readonly busy: boolean;
}

export class PartialUploads {
  readonly #directory: () => Promise<string>;
  /** Of this process one opens at a time, so that of two at once exactly one is refused. */
  #opening: Promise<unknown> = Promise.resolve();

  /** @param directory an existing folder on the same filesystem as the places where files go */
  constructor(directory: () => Promise<string>) {
    this.#directory = directory;
  }

  /** Bytes that a broken-off upload left here; 0 for none. Throws 423 while it is being received. */
  async kept(upload: UploadIdentity): Promise<number> {
    return largest(await this.#find(keyOf(upload)))?.bytes ?? 0;
  }

  /**
   * Makes ready to receive from this byte on; 0 begins anew and drops what was kept. The caller ends
   * it with `keep` or `remove`. Throws 423 while somebody else receives it, 409 when the kept bytes
   * end elsewhere. Two replicas asked in the same instant may both refuse.
   */
  open(upload: UploadIdentity, from: number): Promise<OpenUpload> {
    const opened = this.#opening.then(() => this.#open(keyOf(upload), from));
    this.#opening = opened.catch(() => undefined);
    return opened;
  }

  async #open(key: string, from: number): Promise<OpenUpload> {
    const directory = await this.#directory();
    const found = await this.#find(key);
    const best = largest(found);
    const own = path.join(directory, `${key}.${randomUUID()}.writing`);
    if (from > 0) {
      if (best?.bytes !== from) throw uploadErrors.wrongOffset(best?.bytes ?? 0);
      await take(best.path, own);
    } else {
      await (await open(own, "wx", 0o600)).close();
      for (const { path: old } of found) await rm(old, { force: true });
    }
    const opened = new OpenUpload(own, path.join(directory, `${key}.kept`), from);
    try {
      // Another replica may have begun since the first look.
      await this.#find(key, own);
    } catch (error) {
      await opened.keep();
      throw error;
    }
    return opened;
  }

  /** What is here of an upload, without the file of one's own. Throws 423 when somebody receives it. */
  async #find(key: string, own?: string): Promise<Found[]> {
    const directory = await this.#directory();
    const found: Found[] = [];
    for (const name of await readdir(directory)) {
      const file = path.join(directory, name);
      if (!name.startsWith(`${key}.`) || file === own) continue;
      // It may be kept, taken over or placed just now.
      const stats = await stat(file).catch(() => undefined);
      if (!stats) continue;
      const busy = name.endsWith(".writing") && Date.now() - stats.mtimeMs < ABANDONED_MS;
      found.push({ path: file, bytes: stats.size, busy });
    }
    if (found.some(({ busy }) => busy)) throw uploadErrors.busy();
    return found;
  }
}

/** An upload that this request alone receives. */
export class OpenUpload {
  readonly #path: string;
  readonly #keptPath: string;
  readonly #from: number;
  readonly #alive: NodeJS.Timeout;
  #bytes: number;

  constructor(own: string, keptPath: string, from: number) {
    this.#path = own;
    this.#keptPath = keptPath;
    this.#from = from;
    this.#bytes = from;
    this.#alive = setInterval(() => {
      // Gone when the file was placed or taken over: its end tells.
      touch(own).catch(() => undefined);
    }, ALIVE_MS).unref();
  }

  /** Writes and hashes what comes, after what was kept, and fsyncs the file. */
  async receive(source: Readable): Promise<PartialFile> {
    const file = await open(this.#path, "r+");
    const hash = createHash("sha256");
    try {
      if (this.#from > 0) {
        const kept = file.createReadStream({ start: 0, end: this.#from - 1, autoClose: false });
        for await (const piece of kept as AsyncIterable<Buffer>) hash.update(piece);
      }
      for await (const piece of source as AsyncIterable<Buffer>) {
        const written = writeAt(file, piece, this.#bytes);
        hash.update(piece);
        await written;
        this.#bytes += piece.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return { path: this.#path, bytes: this.#bytes, sha256: hash.digest("hex") };
  }

  /** What came so far stays for a later request. */
  async keep(): Promise<void> {
    clearInterval(this.#alive);
    if (this.#bytes === 0) await rm(this.#path, { force: true });
    else await rename(this.#path, this.#keptPath).catch(ignoreMissing);
  }

  /** Nothing of it stays here; what was placed stays in its place. */
  async remove(): Promise<void> {
    clearInterval(this.#alive);
    await rm(this.#path, { force: true });
  }
}

/** A hash of what names the upload: nothing from outside gets into a file name. */
const keyOf = ({ job, sha256, size }: UploadIdentity): string =>
  createHash("sha256")
    .update(JSON.stringify([job, sha256, size]))
    .digest("hex");

const largest = (found: readonly Found[]): Found | undefined =>
  found.toSorted((a, b) => b.bytes - a.bytes)[0];

/** Touched first: under its new name it must not look abandoned for a moment. */
async function take(found: string, own: string): Promise<void> {
  try {
    await touch(found);
    await rename(found, own);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw uploadErrors.busy();
    throw error;
  }
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now);
}

async function writeAt(file: FileHandle, piece: Buffer, position: number): Promise<void> {
  for (let done = 0; done < piece.length;) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done, position + done);
    done += bytesWritten;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
