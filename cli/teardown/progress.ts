/** Tells what a teardown does, as it does it; what takes long says so. */
import pc from "picocolors";
import { stepNames, stepTitles, type StepName } from "./step-names.ts";
import { formatDuration } from "./words.ts";

/** Silence longer than this gets a line, ms. */
const PATIENCE_MS = 10_000;

export class Progress {
  readonly #say: (line: string) => void;
  readonly #heartbeat: NodeJS.Timeout;
  #spokeAt = Date.now();
  #at = "";

  /** @param say Prints a line. `end` stops the timer. */
  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#heartbeat = setInterval(() => this.#stillAtIt(), PATIENCE_MS / 2);
  }

  begin(step: StepName): void {
    this.#line(`\n${stepNames.indexOf(step) + 1}/${stepNames.length} ${stepTitles[step]}`);
  }

  /** A line below the step. */
  detail(text: string): void {
    this.#line(`  ${text}`);
  }

  /** What is at work now, told only when it takes long. */
  at(text: string): void {
    this.#at = text;
  }

  done(note: string): void {
    this.#at = "";
    this.#line(`  ${pc.green("✓")} ${note}`);
  }

  skipped(note: string): void {
    this.#at = "";
    this.#line(`  ${pc.yellow("–")} ${note}`);
  }

  failed(note: string): void {
    this.#at = "";
    this.#line(`  ${pc.red("✗")} ${note}`);
  }

  warn(text: string): void {
    this.#line(`  ${pc.yellow("!")} ${text}`);
  }

  end(): void {
    clearInterval(this.#heartbeat);
  }

  #line(text: string): void {
    this.#spokeAt = Date.now();
    this.#say(text);
  }

  #stillAtIt(): void {
    const silent = Date.now() - this.#spokeAt;
    if (this.#at === "" || silent < PATIENCE_MS) return;
    this.#say(`  · ${this.#at}: still at it (${formatDuration(silent)})`);
  }
}
