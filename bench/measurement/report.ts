/** Figures as a table for people and as JSON for `--compare`. */
import Table from "cli-table3";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { z } from "zod";
import { resultSchema, type Figure, type Result } from "./figure.ts";

export const reportSchema = z.object({
  date: z.string(),
  machine: z.record(z.string(), z.string()),
  /** 1-minute load average before and after. */
  load: z.object({ before: z.number(), after: z.number() }),
  repetitions: z.number(),
  results: z.array(resultSchema),
});
export type Report = z.infer<typeof reportSchema>;

/** What figures depend on and a reader can't see from them. */
export function describeMachine(): Record<string, string> {
  const processors = cpus();
  const redis = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return {
    processors: `${processors.length} × ${processors[0]?.model ?? "unknown"}`,
    memory: `${(totalmem() / 1e9).toFixed(1)} GB`,
    kernel: release(),
    node: process.version,
    redis: /v=(\S+)/.exec(redis.stdout)?.[1] ?? "none",
  };
}

/** One-minute load average: above half the processors' number, figures are not worth keeping. */
export const load = (): number => loadavg()[0] ?? 0;

export function writeReport(file: string, report: Report): void {
  writeFileSync(file, `${JSON.stringify(report, rounded, 2)}\n`);
}

/** @throws Error with a sentence that says what to do */
export function readReport(file: string): Report {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file} holds no figures: write it with --json, then compare.`, {
      cause: error,
    });
  }
}

/** @param earlier Gives a column with this run's value as a multiple of the earlier one's. */
export function renderTable(results: readonly Result[], earlier?: Report): string {
  const table = new Table({
    head: [
      ...["benchmark", "figure", "median", "p99", "least … most", "samples", "goal"],
      ...(earlier ? ["ratio to earlier"] : []),
    ],
    colAligns: ["left", "left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { benchmark, figures } of results) {
    figures.forEach((figure, index) => {
      const { name, unit, value, p99, spread, samples } = figure;
      table.push([
        index === 0 ? benchmark : "",
        name,
        `${show(value)} ${unit}`,
        p99 === undefined ? "" : show(p99),
        spread ? `${show(spread[0])} … ${show(spread[1])}` : "",
        samples ?? "",
        verdict(figure),
        ...(earlier ? [ratio(figure, benchmark, earlier)] : []),
      ]);
    });
  }
  return table.toString();
}

function verdict({ value, goal, atLeast, unit }: Figure): string {
  if (atLeast !== undefined) {
    return `≥ ${show(atLeast)} ${unit}: ${value >= atLeast ? "met" : "MISSED"}`;
  }
  if (goal === undefined) return "";
  return `≤ ${show(goal)} ${unit}: ${value <= goal ? "met" : "MISSED"}`;
}

function ratio(figure: Figure, benchmark: string, earlier: Report): string {
  const before = earlier.results
    .find((result) => result.benchmark === benchmark)
    ?.figures.find(({ name }) => name === figure.name);
  return before && before.value !== 0 ? `${(figure.value / before.value).toFixed(2)} ×` : "";
}

const show = (value: number): string =>
  value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(1) : value.toFixed(2);

/** Three digits after the point are more than any figure here is worth. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
