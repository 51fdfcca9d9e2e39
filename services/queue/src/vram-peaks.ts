/**
 * What jobs really took of the GPU, by the models that they load: the ground of better estimates.
 * Jobs of one template load the same models, so a set of models stands for a template here.
 */
import { z } from "zod";
import type { QueueKeys } from "./keys.ts";
import { modelNamesSchema } from "./protocol.ts";
import type { Reads } from "./reads.ts";
import type { Scripts } from "./scripts.ts";

/** Newest peaks kept of one set of models: enough to know its worst, few enough to forget old ones. */
const PEAKS_KEPT = 20;
/** Sets of models kept; further ones are not noted. A workshop uses a few dozen. */
const SETS_KEPT = 500;

export const vramPeaksSchema = z.object({
  models: modelNamesSchema,
  /** Largest use of the GPU during each of the newest jobs, MiB, oldest first. */
  peaksMiB: z.array(z.number().int().nonnegative()),
});
export type VramPeaks = z.infer<typeof vramPeaksSchema>;

export class VramPeakRecord {
  readonly #scripts: Scripts;
  readonly #reads: Reads;
  readonly #keys: QueueKeys;

  constructor(scripts: Scripts, reads: Reads, keys: QueueKeys) {
    this.#scripts = scripts;
    this.#reads = reads;
    this.#keys = keys;
  }

  async note(models: readonly string[], peakMiB: number): Promise<void> {
    const names = modelNamesSchema.parse([...models].sort());
    if (names.length === 0) return;
    const peak = z.number().int().nonnegative().parse(peakMiB);
    await this.#scripts.run("record-vram-peak", names.join("\n"), peak, PEAKS_KEPT, SETS_KEPT);
  }

  async all(): Promise<VramPeaks[]> {
    const noted = await this.#reads.of((redis) => redis.hgetall(this.#keys.of("vramPeaks")));
    return Object.entries(noted).map(([names, peaks]) =>
      vramPeaksSchema.parse({ models: names.split("\n"), peaksMiB: JSON.parse(peaks) }),
    );
  }
}
