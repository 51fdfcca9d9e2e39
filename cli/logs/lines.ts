/** Lines of logs: since when, and whose. */
import pc from "picocolors";
import { z } from "zod";
import { VisibleError } from "../visible-error.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 },
};

/** `90s`, `10m`, `2h`, `1d` before now, or a date and time. */
export function sinceTime(text: string, now: Date): Date {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const before = count === undefined ? undefined : Number(count) * (UNIT_MS[unit] ?? 0);
  const time = before === undefined ? Date.parse(text) : now.getTime() - before;
  if (Number.isNaN(time)) {
    throw new VisibleError(
      `"${text}" is no time: give how long ago, 10m or 2h, or a date, 2026-11-24T09:00:00Z.`,
    );
  }
  return new Date(time);
}

const pinoSchema = z.looseObject({ time: z.union([z.number(), z.string()]) });
/** Redis and nginx write their time in the machine's own zone. */
const PLAIN =
  /(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d:\d\d:\d\d)/;
const ISO = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?/;

/** When a line was written, where it says so. */
export function timeOf(line: string): number | undefined {
  if (line.startsWith("{")) {
    try {
      const { time } = pinoSchema.parse(JSON.parse(line));
      return typeof time === "number" ? time : numberOr(Date.parse(time));
    } catch {
      return undefined;
    }
  }
  const [, day, month, year, clock] = PLAIN.exec(line) ?? [];
  if (clock !== undefined) return numberOr(Date.parse(`${day} ${month} ${year} ${clock}`));
  const iso = ISO.exec(line)?.[0];
  return iso === undefined ? undefined : numberOr(Date.parse(iso));
}

const numberOr = (value: number) => (Number.isNaN(value) ? undefined : value);

/** From the first line on that is not older; one without a time is as old as the one before it. */
export function linesSince(lines: readonly string[], since: Date): string[] {
  let time = -Infinity;
  const first = lines.findIndex((line) => {
    time = timeOf(line) ?? time;
    return time >= since.getTime();
  });
  return first < 0 ? [] : lines.slice(first);
}

const colours = [pc.cyan, pc.yellow, pc.green, pc.magenta, pc.blue];

/** Puts a service's name before its lines, all of one width, each in its colour. */
export function prefixes(services: readonly string[]): (service: string) => string {
  const width = Math.max(...services.map(({ length }) => length));
  return (service) => {
    const colour = colours[services.indexOf(service) % colours.length] ?? pc.cyan;
    return `${colour(service.padEnd(width))} │ `;
  };
}
