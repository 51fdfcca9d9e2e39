/** `comfymulti participants` as it is typed; against a whole stack: end-to-end/participants.test.ts. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ParticipantsReport } from "../../rehearsal/participants/index.ts";
import { VisibleError } from "../visible-error.ts";
import { participants, render } from "./participants.ts";

const main = path.join(import.meta.dirname, "..", "main.ts");

/** Without colours, which a CI's log has. */
const plain = (of: ParticipantsReport) => stripVTControlCharacters(render(of));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-participants-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function comfymulti(...args: string[]): Promise<{ code: number; out: string; told: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, "participants", ...args],
      { env: { ...process.env, NO_COLOR: "1" } },
      (_error, out, told) => resolve({ code: child.exitCode ?? -1, out, told }),
    );
  });
}

function linksFile(content = "http://127.0.0.1:9/user001/?token=secret"): string {
  const file = path.join(folder, "links.txt");
  writeFileSync(file, content);
  return file;
}

describe("a wrong option is told in one sentence", () => {
  const typed = (...args: string[]) =>
    participants()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync(args, { from: "user" });

  it.each([
    [["--jobs", "0"], "--jobs must be 1 to 10000."],
    [["--jobs", "2.5"], "--jobs must be a whole number."],
    [["--jobs", "many"], "Give a number."],
    [["--think", "-1"], "--think must be 0 to 3600."],
    [["--cancels", "101"], "--cancels must be 0 to 100 percent."],
    [["--template", "mine"], "--template must be one of example_workflow, "],
    [["--users", "2"], "There are links of 1 participants: give --users 1 or less"],
    [["--users", "0"], "--users must be a whole number, 1 or more."],
  ])("%j", async (args, expected) => {
    await expect(typed("--links", linksFile(), ...args)).rejects.toThrow(expected);
  });

  it("a file without links", async () => {
    const run = typed("--links", linksFile("nothing"));
    await expect(run).rejects.toThrow("one looks like https://comfy.example/user001/?token=");
    await expect(run).rejects.toBeInstanceOf(VisibleError);
  });

  it("a file that is not there", async () => {
    const run = typed("--links", path.join(folder, "none.txt"));
    await expect(run).rejects.toThrow("There is no file");
  });
});

it("says who could not get in, and never tells a token", { timeout: 60_000 }, async () => {
  const { code, out, told } = await comfymulti(
    ...["--links", linksFile(), "--think", "0", "--jobs", "2", "--patience", "1"],
  );
  expect(code).toBe(1);
  expect(out).toContain("✗ user001 (/user001/) had no success within 1 s");
  expect(out).toContain("2 never submitted");
  expect(out + told).not.toContain("secret");
});

describe("the report", () => {
  it("says that all is well, with the figures", () => {
    const text = plain(report());
    expect(text).toContain("2 of 2 jobs completed in 60 s: 2.0 a minute.");
    expect(text).toContain("From Run to the start: half within 1.0 s, 95 of 100 within 3.0 s");
    expect(text).toContain("Jain's index of GPU seconds 0.90");
    expect(text).toContain("The platform asked 3 times to come again later, and was obeyed.");
    expect(text).toContain("✓ Everybody got exactly their own pictures.");
  });

  it("names what is wrong and counts it", () => {
    const bad = report();
    bad.good = false;
    bad.summary.outcomes = { ...bad.summary.outcomes, completed: 1, wrong: 1 };
    bad.errors = Array.from({ length: 30 }, (_, index) => ({
      at: 0,
      user: "user001",
      sentence: `Sentence ${index}.`,
    }));
    const text = render(bad);
    expect(text).toContain("Sentence 19.");
    expect(text).not.toContain("Sentence 20.");
    expect(text).toContain("and 10 more");
    expect(text).toContain("Not everything went well: 1 wrong.");
  });

  it("says how far a run came that was stopped", () => {
    const stopped = { ...report(), good: false, stopped: true };
    stopped.settings.jobs = 5;
    expect(render(stopped)).toContain("It was stopped after 2 of 5 jobs.");
  });
});

function report(): ParticipantsReport {
  const spread = { p50: 1, p95: 3, max: 4 };
  const outcomes = { completed: 2, cancelled: 0, wrong: 0, failed: 0, lost: 0, refused: 0 };
  const counted = { refusals: 3, reloads: 0, reconnects: 0 };
  return {
    startedAt: 0,
    endedAt: 60_000,
    settings: {
      jobs: 2,
      thinkSeconds: 5,
      template: "example_workflow",
      seed: 1,
      cancelShare: 0,
      reloadShare: 0,
      patienceSeconds: 3600,
    },
    stopped: false,
    good: true,
    summary: {
      jobs: 2,
      outcomes: { ...outcomes, unfinished: 0 },
      wait: spread,
      run: spread,
      jobsPerMinute: 2,
      fairness: { jainIndex: 0.9, largestWaitRatio: 1.5 },
      ...counted,
      untold: 0,
    },
    participants: [
      {
        user: "user001",
        jobs: 2,
        completed: 2,
        cancelled: 0,
        bad: 0,
        wait: spread,
        run: spread,
        gpuSeconds: 2,
        ...counted,
      },
    ],
    errors: [],
    jobs: [],
  };
}
