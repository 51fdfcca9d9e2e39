/** The goal of a start on an idle queue: two fsyncs (the submit's and the claim's) and 3 ms. */
import type { Figure } from "./figure.ts";
import { distribution, median } from "./statistics.ts";

const FSYNCS = 2;
const ALLOWANCE_MS = 3;

/** Latency beside the disk's own time in the same run, with the goal and the ratio. */
export function againstDisk(
  name: string,
  latencies: readonly number[],
  syncs: readonly number[],
): Figure[] {
  const twoFsyncs = FSYNCS * median(syncs);
  return [
    { ...distribution(name, "ms", latencies), goal: twoFsyncs + ALLOWANCE_MS },
    { name: `${name}, ratio to two fdatasyncs`, unit: "×", value: median(latencies) / twoFsyncs },
  ];
}
