/**
 * Results on this machine's disk until the queue manager and the queue have them. Every result goes
 * through here: a file's size and sha256 must be known before it is sent, and no video belongs in
 * memory. One folder per attempt: `record.json` and the files. What is said to be kept is fsynced.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Holder, OutputFile } from "@comfymulti/queue";
import { fileKey } from "./output-files.ts";
import { recordSchema } from "./record.ts";
import type { Ending, Message, SpoolRecord, SpooledFile } from "./record.ts";
import type { StoredBytes } from "./queue-manager.ts";

const RECORD = "record.json";
const RECORD_DRAFT = "record.json.draft";

export class Spool {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Creates the folder, and the entry of an attempt in it. An older one of the same attempt is dropped. */
  async create(holder: Holder, leaseMs: number): Promise<SpoolEntry> {
    const path = join(this.directory, `${holder.job}.${holder.attempt}`);
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
    return new SpoolEntry(path, { holder, leaseMs, files: [], withheld: [] });
  }

  /**
   * What an earlier process left behind: finished results, oldest job id first. Unfinished and
   * unreadable entries are removed and told of by `onDiscarded`.
   */
  async leftovers(
    onDiscarded: (name: string, why: string) => void,
  ): Promise<readonly SpoolEntry[]> {
    await mkdir(this.directory, { recursive: true });
    const entries: SpoolEntry[] = [];
    for (const name of (await readdir(this.directory)).sort()) {
      const path = join(this.directory, name);
      const record = await readRecord(join(path, RECORD));
      const entry = record?.ending && new SpoolEntry(path, record);
      if (entry && (await entry.isWhole())) {
        entries.push(entry);
      } else {
        await rm(path, { recursive: true, force: true });
        onDiscarded(name, entry ? "a file of it is missing" : "the job had not ended");
      }
    }
    return entries;
  }
}

export class SpoolEntry {
  readonly path: string;
  #record: SpoolRecord;

  constructor(path: string, record: SpoolRecord) {
    this.path = path;
    this.#record = record;
  }

  get record(): Readonly<SpoolRecord> {
    return this.#record;
  }

  /** Bytes that the entry's files hold. */
  get size(): number {
    return this.#record.files.reduce((sum, file) => sum + file.size, 0);
  }

  file(source: OutputFile): SpooledFile | undefined {
    const key = fileKey(source);
    return this.#record.files.find((file) => fileKey(file.source) === key);
  }

  bytes(file: SpooledFile): StoredBytes {
    return { path: join(this.path, file.blob), size: file.size, sha256: file.sha256 };
  }

  /** Whether every file is on disk with the size that was noted. */
  async isWhole(): Promise<boolean> {
    for (const file of this.#record.files) {
      const size = await stat(this.bytes(file).path).then(
        (found) => found.size,
        () => undefined,
      );
      if (size !== file.size) return false;
    }
    return true;
  }

  /** Copies a file of ComfyUI to disk, hashing on the way. */
  async add(source: OutputFile, bytes: Readable): Promise<SpooledFile> {
    const blob = `file-${this.#record.files.length}`;
    const hash = createHash("sha256");
    let size = 0;
    const measure = new Transform({
      transform(piece: Buffer, _encoding, done) {
        size += piece.length;
        hash.update(piece);
        done(null, piece);
      },
    });
    await pipeline(bytes, measure, createWriteStream(join(this.path, blob), { flush: true }));
    const file = { source, blob, size, sha256: hash.digest("hex") };
    this.#record = { ...this.#record, files: [...this.#record.files, file] };
    return file;
  }

  /** Notes the name that the queue manager gave. Not fsynced: asking again gives the same answer. */
  markDelivered(source: OutputFile, delivered: OutputFile): void {
    const key = fileKey(source);
    const files = this.#record.files.map((file) =>
      fileKey(file.source) === key ? { ...file, delivered } : file,
    );
    this.#record = { ...this.#record, files };
  }

  withhold(message: Message): void {
    this.#record = { ...this.#record, withheld: [...this.#record.withheld, message] };
  }

  /** The first withheld message has been sent. */
  dropFirstWithheld(): void {
    this.#record = { ...this.#record, withheld: this.#record.withheld.slice(1) };
  }

  /** From here on the result outlives this process. */
  async finish(ending: Ending): Promise<void> {
    this.#record = { ...this.#record, ending };
    const draft = await open(join(this.path, RECORD_DRAFT), "w");
    try {
      await draft.writeFile(JSON.stringify(this.#record));
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(join(this.path, RECORD_DRAFT), join(this.path, RECORD));
    for (const folder of [this.path, join(this.path, "..")]) {
      const handle = await open(folder);
      await handle.sync();
      await handle.close();
    }
  }

  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function readRecord(path: string): Promise<SpoolRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
