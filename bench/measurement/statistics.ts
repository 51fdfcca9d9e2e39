/** Medians and percentiles. */
import type { Figure } from "./figure.ts";

/** @throws when there is no sample */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) throw new Error("there is no sample");
  return low + (high - low) * (place % 1);
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Median and 99th percentile of many samples. */
export function distribution(
  name: string,
  unit: Figure["unit"],
  samples: readonly number[],
): Figure {
  return {
    name,
    unit,
    value: median(samples),
    p99: quantile(samples, 0.99),
    samples: samples.length,
  };
}

/** Median and spread of a few samples, too few for a percentile. */
export function repeated(name: string, unit: Figure["unit"], samples: readonly number[]): Figure {
  const spread: [number, number] = [Math.min(...samples), Math.max(...samples)];
  return { name, unit, value: median(samples), spread, samples: samples.length };
}

/** Figures of several repetitions as one: the median of each, and its spread over the repetitions. */
export function merge(repetitions: readonly (readonly Figure[])[]): Figure[] {
  const [first = []] = repetitions;
  if (repetitions.length === 1) return [...first];
  return first.map((figure) => {
    const same = repetitions.flatMap((figures) =>
      figures.filter(({ name }) => name === figure.name),
    );
    const middle = (values: readonly (number | undefined)[]) => {
      const present = values.filter((value) => value !== undefined);
      return present.length === 0 ? undefined : median(present);
    };
    const p99 = middle(same.map((each) => each.p99));
    const goal = middle(same.map((each) => each.goal));
    const ends = same.flatMap(({ value, spread }) => spread ?? [value]);
    return {
      name: figure.name,
      unit: figure.unit,
      value: median(same.map(({ value }) => value)),
      ...(p99 !== undefined && { p99 }),
      ...(goal !== undefined && { goal }),
      ...(figure.atLeast !== undefined && { atLeast: figure.atLeast }),
      ...(figure.samples !== undefined && {
        samples: same.reduce((sum, each) => sum + (each.samples ?? 0), 0),
      }),
      spread: [Math.min(...ends), Math.max(...ends)],
    };
  });
}
