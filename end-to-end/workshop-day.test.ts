/**
 * A whole workshop day: twenty participants work while a worker, Redis, the queue manager, a rented
 * machine and an upgrade go wrong; then it is torn down. What became of jobs is counted by the
 * invariant checker, and what is still billed by Verda's simulator.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { dayReportSchema, troubles } from "../cli/rehearse/day/report.ts";
import { Terminal } from "./terminal.ts";

test(
  "a workshop's day loses no job, ends none twice, and leaves nothing billed",
  { timeout: 900_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-workshop-day-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const page = path.join(folder, "report.html");
    const ports = String(30_000 + (process.pid % 40) * 50);
    const { stdout, text } = await new Terminal({}).run(
      ...["rehearse", "workshop", "--only", "day", "--think", "1", "--json"],
      ...["--report", page, "--first-port", ports],
    );
    if (stdout === "") throw new Error(text);
    const { day } = z.object({ day: dayReportSchema }).parse(JSON.parse(stdout));
    expect(troubles(day)).toEqual([]);
    expect(day.good).toBe(true);
    expect(day.scenes.map(({ name }) => name)).toEqual([
      "The stack comes up",
      "Everybody works in peace",
      "A worker crashes in the middle of a job",
      "Redis crashes",
      "The queue manager crashes",
      "Verda takes a machine back, and its API fails",
      "A bad version is rolled out",
      "The last jobs end, and are counted",
      "The budget is spent",
      "The teardown",
    ]);
    expect(day.participants).toHaveLength(20);
    // A round of five jobs each in peace, and at least one more while things went wrong.
    expect(day.summary.outcomes.completed).toBeGreaterThanOrEqual(200);
    for (const { name, startedAt, endedAt, note } of day.scenes) {
      console.log(`${((endedAt - startedAt) / 1000).toFixed(0)} s  ${name}: ${note}`);
    }
    expect(await readFile(page, "utf8")).toContain("Your workshop would have survived this day");
  },
);
