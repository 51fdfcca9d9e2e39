/** The two clocks of a job: since its last progress, and since its start. */

/** The job ran into one of its limits. The message is for the participant. */
export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

export interface TimeLimitSettings {
  /** Longest time without any message of ComfyUI about the job, ms. */
  readonly noProgressMs: number;
  /** Longest time in all, ms. */
  readonly totalMs: number;
}

export class TimeLimits {
  /** Aborted with a TimedOutError. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #silence: NodeJS.Timeout;
  readonly #total: NodeJS.Timeout;

  constructor({ noProgressMs, totalMs }: TimeLimitSettings) {
    this.signal = this.#abort.signal;
    this.#silence = setTimeout(() => {
      this.#end(`The job made no progress for ${noProgressMs / 1000} seconds and was stopped.`);
    }, noProgressMs);
    this.#total = setTimeout(() => {
      this.#end(
        `The job ran for ${totalMs / 1000} seconds, the longest that is allowed, and was stopped. Try fewer steps or frames.`,
      );
    }, totalMs);
  }

  progress(): void {
    this.#silence.refresh();
  }

  clear(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#total);
  }

  #end(message: string): void {
    this.clear();
    this.#abort.abort(new TimedOutError(message));
  }
}
