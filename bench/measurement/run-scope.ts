/** What has to be put away after a benchmark, newest first, whether it ended well or not. */
import type { Scope } from "./figure.ts";

export class RunScope implements Scope {
  readonly #waiting: (() => Promise<void> | void)[] = [];

  #underWay: Promise<void> | undefined;

  defer(putAway: () => Promise<void> | void): void {
    this.#waiting.push(putAway);
  }

  /** One that fails is told and does not keep the others. Called again meanwhile, it waits for the same. */
  putAway(): Promise<void> {
    this.#underWay ??= this.#putAllAway().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #putAllAway(): Promise<void> {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      try {
        await next();
      } catch (error) {
        console.error(error);
        process.exitCode = 1;
      }
    }
  }
}
