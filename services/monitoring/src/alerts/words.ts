/** Figures of alerts in words. */
import type { Alert, Unit } from "./alert.ts";

const write: Readonly<Record<Unit, (value: number) => string>> = {
  share: (value) => `${Number((value * 100).toFixed(2))} %`,
  seconds: (value) => `${value} s`,
  days: (value) => `${value} days`,
  count: (value) => String(value),
};

/** `0.875` of unit share → `87.5 %`. */
export const figureText = (value: number, unit: Unit): string => write[unit](value);

/** "GPU memory in use on a worker > 87.5 %"; of an alert without a threshold what its title says. */
export function conditionText({ title, threshold }: Pick<Alert, "title" | "threshold">): string {
  if (!threshold) return title.replace(/\.$/, "");
  const { figure, is, value, unit } = threshold;
  return `${figure} ${is === "above" ? ">" : "<"} ${figureText(value, unit)}`;
}

/** `300` → `5 min`. */
export function durationText(seconds: number): string {
  if (seconds === 0) return "at once";
  return seconds < 60 ? `${seconds} s` : `${Number((seconds / 60).toFixed(1))} min`;
}
