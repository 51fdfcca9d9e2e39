/** Cuts a process's output into lines of bounded length, whatever it writes. */
import { StringDecoder } from "node:string_decoder";

/** Characters of a line that are kept; the rest of it is dropped. */
export const MAX_LINE_LENGTH = 2000;

export class OutputLines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #line = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    this.#take(this.#decoder.write(bytes));
  }

  /** The last line may lack its end. */
  end(): void {
    this.#take(this.#decoder.end());
    this.#finishLine();
  }

  #take(text: string): void {
    // A progress bar draws itself anew after a carriage return.
    const pieces = text.split(/[\r\n]+/);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) this.#finishLine();
      this.#line += piece.slice(0, MAX_LINE_LENGTH - this.#line.length);
    }
  }

  #finishLine(): void {
    if (this.#line.trim() !== "") this.#onLine(this.#line);
    this.#line = "";
  }
}
