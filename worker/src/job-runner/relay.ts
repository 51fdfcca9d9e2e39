/**
 * Puts ComfyUI's messages on their way to the browser in ComfyUI's order. What lasts (executing,
 * executed, …) is sent each time; what passes (progress, previews) at most every `intervalMs`, only
 * its newest state, and always before the next lasting message: so the last progress of a node
 * arrives. A slow receiver makes progress rarer, never a queue longer.
 */
type Send = () => Promise<void>;

export class Relay {
  readonly #intervalMs: number;
  readonly #onError: (error: unknown) => void;
  /** The newest of each kind, oldest first. */
  readonly #passing = new Map<string, Send>();
  #sent = 0;
  #underWay = 0;
  #chain: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, onError: (error: unknown) => void) {
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  /** Sends in turn, after everything handed in before. */
  lasting(send: Send): void {
    this.#sendPassing();
    this.#append(send);
  }

  /** Sends soon, unless a newer one with the same key comes first. */
  passing(key: string, send: Send): void {
    this.#passing.delete(key);
    this.#passing.set(key, send);
    this.#schedule();
  }

  /** Resolves when everything handed in was sent. */
  async flush(): Promise<void> {
    this.#sendPassing();
    await this.#chain;
  }

  /** Forgets what was not sent yet. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#passing.clear();
  }

  #schedule(): void {
    if (this.#timer || this.#underWay > 0 || this.#passing.size === 0) return;
    const wait = Math.max(0, this.#sent + this.#intervalMs - Date.now());
    this.#timer = setTimeout(() => this.#sendPassing(), wait);
  }

  #sendPassing(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sends = [...this.#passing.values()];
    this.#passing.clear();
    this.#sent = Date.now();
    for (const send of sends) this.#append(send);
  }

  #append(send: Send): void {
    this.#underWay += 1;
    this.#chain = this.#chain
      .then(send)
      .catch(this.#onError)
      .then(() => {
        this.#underWay -= 1;
        this.#schedule();
      });
  }
}
