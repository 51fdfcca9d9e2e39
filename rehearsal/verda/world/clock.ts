/** Simulated time: real time, faster or not, and jumps. */
export class SimulatedClock {
  readonly #speed: number;
  readonly #startedAt = performance.now();
  #base: number;

  /**
   * @param start simulated time at the start, ms since 1970
   * @param speed simulated seconds in a real one
   */
  constructor(start: number, speed: number) {
    this.#base = start;
    this.#speed = speed;
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#base + (performance.now() - this.#startedAt) * this.#speed);
  }

  advance(ms: number): void {
    this.#base += ms;
  }
}
