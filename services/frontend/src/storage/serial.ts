/** Runs what concerns one key one after the other; different keys do not wait for each other. */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` after everything that was handed in before it for the same key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
