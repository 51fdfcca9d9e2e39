/**
 * A journal of this machine with a copy in object storage: on a machine that is gone after the run,
 * as those of GitHub Actions are, the copy is what the next run goes on from.
 */
import { text } from "node:stream/consumers";
import type { BundleStore } from "./bundles/bundle-store.ts";
import { journalText, parseJournal, type Journal, type JournalState } from "./journal.ts";

export class MirroredJournal implements Journal {
  readonly #own: Journal;
  readonly #store: BundleStore;
  readonly #key: string;
  readonly #warn: (line: string) => void;
  #warned = false;

  constructor(own: Journal, store: BundleStore, key: string, warn: (line: string) => void) {
    this.#own = own;
    this.#store = store;
    this.#key = key;
    this.#warn = warn;
  }

  get place(): string {
    return this.#own.place;
  }

  /** The one that has gone further. */
  async read(): Promise<JournalState | undefined> {
    const [own, copy] = await Promise.all([this.#own.read(), this.#readCopy()]);
    return (copy?.revision ?? -1) > (own?.revision ?? -1) ? copy : own;
  }

  async write(state: JournalState): Promise<void> {
    await this.#own.write(state);
    try {
      await this.#store.putText(this.#key, journalText(state));
    } catch (error) {
      // The bucket's key may have gone with the stack. What is here counts.
      if (!this.#warned) this.#warn(`the journal's copy could not be written: ${reason(error)}`);
      this.#warned = true;
    }
  }

  async #readCopy(): Promise<JournalState | undefined> {
    const place = `${this.#store.place}${this.#key}`;
    const content = await this.#store.read(this.#key);
    return content && parseJournal(await text(content), place);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
