/** An afternoon of a workshop: who wants what. The same in every run. */
import { randomFrom } from "../measurement/random.ts";

export const AFTERNOON_SECONDS = 4 * 3600;
export const WORKERS = 3;

export const kinds = ["pictures", "series", "videos"] as const;
export type Kind = (typeof kinds)[number];

/** Shortest and longest job of each kind, GPU seconds. */
export const lengths: Readonly<Record<Kind, readonly [number, number]>> = {
  pictures: [1, 10],
  series: [20, 60],
  videos: [120, 300],
};
export const LONGEST_JOB = lengths.videos[1];

export interface Person {
  readonly name: string;
  readonly kind: Kind;
  /** Jobs that they keep waiting: at most the five that the queue allows. */
  readonly appetite: number;
  /** Submits again at once, all afternoon. Everybody else takes breaks of some minutes. */
  readonly always: boolean;
  /** Length of the next job, GPU seconds. */
  readonly nextLength: () => number;
  /** Length of the next break, s. */
  readonly nextBreak: () => number;
}

const PEOPLE = 20;
const SEED = 20;

export function people(): Person[] {
  return Array.from({ length: PEOPLE }, (_, index) => {
    const random = randomFrom(SEED + index);
    const kind = kinds[index % kinds.length] ?? "pictures";
    const [shortest, longest] = lengths[kind];
    const between = (low: number, high: number) => Math.round(low + random() * (high - low));
    return {
      name: `user${String(index + 1).padStart(3, "0")}`,
      kind,
      appetite: 1 + (index % 5),
      always: index < 12,
      nextLength: () => between(shortest, longest),
      nextBreak: () => between(120, 1200),
    };
  });
}
