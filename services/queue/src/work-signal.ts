/**
 * Tells a waiting worker that there may be work, without polling. A wake-up between a claim that
 * found nothing and the wait is not lost: the wait ends at once when anything was heard since.
 */
import type { Channels } from "./channels.ts";

/**
 * Wakes a worker that heard nothing for this long, ms, plus up to a fifth: the net under a message
 * that a dying connection swallowed.
 */
const SAFETY_MS = 15_000;

export class WorkSignal {
  readonly #channels: Channels;
  readonly #channel: string;
  readonly #waiting = new Set<() => void>();
  #heard = 0;
  #looked = 0;
  #armed: Promise<void> | undefined;

  constructor(channels: Channels, channel: string) {
    this.#channels = channels;
    this.#channel = channel;
  }

  /** To be called before each claim: only what is heard from here on ends the next wait. */
  async look(): Promise<void> {
    await this.#arm();
    this.#looked = this.#heard;
  }

  /**
   * To be called after a claim that found a job. Several loops may share this signal, and the claim
   * of one has looked away a wake-up that was meant for two: the others look for themselves.
   */
  mayBeMore(): void {
    this.#heard++;
    for (const end of [...this.#waiting]) end();
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (!this.#armed) {
      // Nobody has looked since listening began, so there may be work already.
      await this.#arm();
      return;
    }
    if (this.#heard !== this.#looked) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, SAFETY_MS * (1 + Math.random() / 5));
      signal.addEventListener("abort", end);
      this.#waiting.add(end);
    });
  }

  async #arm(): Promise<void> {
    this.#armed ??= this.#listen();
    await this.#armed;
  }

  async #listen(): Promise<void> {
    const wake = () => this.mayBeMore();
    try {
      await this.#channels.listen(this.#channel, wake);
      this.#channels.onReconnect(wake);
    } catch (error) {
      this.#armed = undefined;
      throw error;
    }
  }
}
