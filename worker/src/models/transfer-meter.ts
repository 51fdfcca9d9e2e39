/** Adds up the bytes of parallel transfers and reports rate and time left at regular intervals. */

export type TransferEvent =
  /** Before the first byte. `bytesThere`: what an earlier run left. */
  | { event: "begun"; files: number; bytesTotal: number; bytesThere: number }
  | {
      event: "progress";
      bytesDone: number;
      bytesTotal: number;
      bytesPerSecond: number;
      /** Null until a rate is known. */
      secondsLeft: number | null;
    }
  /** A fault that may pass; the transfer goes on. */
  | { event: "retry"; path: string; message: string };

/** The rate is that of the last this many milliseconds: it follows the network without jumping. */
const WINDOW_MS = 10_000;

export class TransferMeter {
  readonly #total: number;
  readonly #timer: NodeJS.Timeout;
  readonly #report: (event: TransferEvent) => void;
  readonly #samples: { at: number; moved: number }[];
  readonly #done = new Map<string, number>();
  /** Bytes moved by this run. */
  #moved = 0;
  #there: number;

  constructor(
    { files, total, there }: { files: number; total: number; there: number },
    everyMs: number,
    report: (event: TransferEvent) => void,
  ) {
    this.#total = total;
    this.#there = there;
    this.#report = report;
    this.#samples = [{ at: performance.now(), moved: 0 }];
    report({ event: "begun", files, bytesTotal: total, bytesThere: there });
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  /** For one file's transfer. Its first call tells what an earlier run left of it. */
  onBytesOf(path: string): (bytes: number) => void {
    return (bytes) => {
      const before = this.#done.get(path);
      this.#done.set(path, (before ?? 0) + bytes);
      if (before === undefined) return;
      if (bytes > 0) this.#moved += bytes;
      else this.#there += bytes;
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#tick();
  }

  #tick(): void {
    const at = performance.now();
    this.#samples.push({ at, moved: this.#moved });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > WINDOW_MS) {
      this.#samples.shift();
    }
    const first = this.#samples[0] ?? { at, moved: 0 };
    const seconds = (at - first.at) / 1000;
    const bytesPerSecond = seconds > 0 ? Math.round((this.#moved - first.moved) / seconds) : 0;
    const bytesDone = this.#there + this.#moved;
    this.#report({
      event: "progress",
      bytesDone,
      bytesTotal: this.#total,
      bytesPerSecond,
      secondsLeft:
        bytesPerSecond > 0 ? Math.ceil((this.#total - bytesDone) / bytesPerSecond) : null,
    });
  }
}
