/** A bound on the work for one graph: small files can describe a great deal of it. */

/** Far above any real graph (a few thousand); about a second. */
const MOST_STEPS = 2_000_000;

/** A graph that cannot be laid out. The message is for its author. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

export class Budget {
  #left = MOST_STEPS;

  /** Throws a LayoutError when the graph has used up its steps. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) {
      throw new LayoutError(
        "The workflow has too many links through bypassed nodes, reroutes and subgraphs to be followed. Split it into smaller workflows.",
      );
    }
  }
}
