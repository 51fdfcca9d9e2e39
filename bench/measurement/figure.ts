/** What a benchmark measures, and the shape in which figures are kept and compared. */
import { z } from "zod";

export const figureSchema = z.object({
  name: z.string(),
  unit: z.enum(["ms", "s", "kB", "MB", "/s", "×"]),
  /** The median where there are several samples. */
  value: z.number(),
  p99: z.number().optional(),
  /** Samples behind the value. */
  samples: z.number().optional(),
  /** Largest value that meets the goal. */
  goal: z.number().optional(),
  /** Smallest value that meets the goal, where more is better. */
  atLeast: z.number().optional(),
  /** Smallest and largest value of several repetitions. */
  spread: z.tuple([z.number(), z.number()]).optional(),
});
export type Figure = z.infer<typeof figureSchema>;

export const resultSchema = z.object({
  benchmark: z.string(),
  /** Seconds that one repetition took. */
  seconds: z.number(),
  figures: z.array(figureSchema),
});
export type Result = z.infer<typeof resultSchema>;

/** One line under `--only`. */
export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Left out unless `--only` names it: it takes minutes. */
  readonly onlyWhenNamed?: boolean;
  run(scope: Scope): Promise<Figure[]>;
}

/** Where a benchmark says what has to be put away after it, also when it is interrupted. */
export interface Scope {
  defer(putAway: () => Promise<void> | void): void;
}
