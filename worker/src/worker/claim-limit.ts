/**
 * What a worker may claim, MiB of GPU memory. After a job did not fit beside another process's
 * memory, nothing larger than what was free is claimed for a minute: the job would come straight back.
 */

/** How long the GPU counts as full, ms. */
const FULL_MS = 60_000;

export class ClaimLimit {
  readonly #onOver: () => void;
  #limitMiB = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `onOver`: larger jobs may be claimed again. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  lowerTo(freeMiB: number): void {
    this.#limitMiB = Math.max(0, freeMiB);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#limitMiB = Number.POSITIVE_INFINITY;
      this.#onOver();
    }, FULL_MS).unref();
  }

  of(claimableMiB: number): number {
    return Math.min(claimableMiB, this.#limitMiB);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
