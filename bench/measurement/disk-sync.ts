/** What the disk itself takes to make a small record durable: the yardstick of the queue's latency. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";

/** About what an enqueue adds to Redis' append-only file. */
const RECORD = Buffer.alloc(1024, "x");

export class DiskSync {
  /** ms of each append with fdatasync. */
  readonly samples: number[] = [];
  readonly #file: string;
  readonly #descriptor: number;

  /** @param folder On the disk that is to be measured. */
  constructor(folder: string) {
    this.#file = path.join(folder, "disk-sync");
    this.#descriptor = openSync(this.#file, "a");
  }

  /** One append and fdatasync, as Redis does for each event loop with `appendfsync always`. */
  measure(): void {
    const start = performance.now();
    writeSync(this.#descriptor, RECORD);
    fdatasyncSync(this.#descriptor);
    this.samples.push(performance.now() - start);
  }

  close(): void {
    closeSync(this.#descriptor);
    rmSync(this.#file);
  }
}
