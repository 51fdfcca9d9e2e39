/**
 * The goals of a start on an idle queue: two fsyncs (the submit's and the claim's) and 3 ms, without
 * the fsyncs where Redis syncs every second; and a 99th percentile of three medians at most.
 */
import type { Figure } from "./figure.ts";
import { distribution, median, quantile } from "./statistics.ts";

const FSYNCS = 2;
const ALLOWANCE_MS = 3;
const TAIL = 3;

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
    tail(name, latencies),
  ];
}

/** Latency where no write waits for the disk. */
export function withoutDisk(name: string, latencies: readonly number[]): Figure[] {
  return [{ ...distribution(name, "ms", latencies), goal: ALLOWANCE_MS }, tail(name, latencies)];
}

const tail = (name: string, latencies: readonly number[]): Figure => ({
  name: `${name}, p99 as a multiple of the median`,
  unit: "×",
  value: quantile(latencies, 0.99) / median(latencies),
  goal: TAIL,
});
