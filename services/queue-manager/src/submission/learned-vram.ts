/**
 * How much GPU memory a job needs, corrected by what jobs with the same models took.
 *
 * Only downwards: ComfyUI leaves earlier models in memory while there is room, so a peak may count
 * more than the job's own need, never less. An estimate that is too high keeps jobs off GPUs on which
 * they would run; this takes that back once there is proof.
 */
import type { QueueContract } from "@comfymulti/queue";

/** Fewer jobs prove nothing: the first ones of a workshop are its smallest. */
const PROOF = 5;
/** How long the peaks that were read are believed, ms. They change by a job at a time. */
const FRESH_MS = 10_000;

export class LearnedVram {
  readonly #queue: Pick<QueueContract, "vramPeaks">;
  #peaks: Promise<ReadonlyMap<string, number>> | undefined;
  #until = 0;

  constructor(queue: Pick<QueueContract, "vramPeaks">) {
    this.#queue = queue;
  }

  /** `estimateMiB`, or the worst peak of the newest jobs with these models where that is less. */
  async needed(models: readonly string[], estimateMiB: number): Promise<number> {
    if (models.length === 0) return estimateMiB;
    const known = await this.#known();
    return Math.min(estimateMiB, known.get(keyOf(models)) ?? estimateMiB);
  }

  #known(): Promise<ReadonlyMap<string, number>> {
    if (this.#peaks === undefined || Date.now() > this.#until) {
      this.#until = Date.now() + FRESH_MS;
      // An estimate does without, as before the first job.
      this.#peaks = this.#read().catch(() => new Map());
    }
    return this.#peaks;
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    const all = await this.#queue.vramPeaks();
    const proven = all.filter(({ peaksMiB }) => peaksMiB.length >= PROOF);
    return new Map(
      proven.map(({ models, peaksMiB }) => [keyOf(models), Math.max(...peaksMiB)] as const),
    );
  }
}

const keyOf = (models: readonly string[]): string => models.toSorted().join("\n");
