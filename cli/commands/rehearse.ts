/** A rehearsal: what a stack would do and go through, without touching anything outside this machine. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { writeFileSync } from "node:fs";
import path from "node:path";
import pc from "picocolors";
import { runDay, type DayEvent } from "../rehearse/day/day.ts";
import { dayPage } from "../rehearse/day/page.ts";
import { troubles, type DayReport } from "../rehearse/day/report.ts";
import { rehearseLife, type LifeReport } from "../rehearse/life-report.ts";
import type { StepResult } from "../rehearse/life.ts";
import { readRehearsedStack, type RehearsedStack } from "../rehearse/rehearsed-stack.ts";
import { InterruptedError } from "../interrupted-error.ts";

const parts = ["life", "day"] as const;

export interface RehearseFlags {
  readonly only?: (typeof parts)[number];
  readonly jobs: number;
  readonly think: number;
  readonly speed: number;
  readonly firstPort: number;
  readonly report?: string;
  readonly json: boolean;
}

export const rehearseCommand = (): Command =>
  new Command("rehearse")
    .description(
      "try a stack's life and a workshop's whole day on this machine: nothing outside is touched; exit code 1 when it would not have gone well",
    )
    .argument("[stack]", "name of a Pulumi.<stack>.yaml of the cloud", "workshop")
    .addOption(
      new Option(
        "--only <part>",
        "life: preview, up, changes, destroy of what is declared; day: participants at work while things go wrong",
      ).choices(parts),
    )
    .option("--jobs <count>", "of each participant in a round of the day", number, 5)
    .option("--think <seconds>", "pause of each before a job, on average", number, 2)
    .option("--speed <factor>", "simulated seconds of ComfyUI's work in a real one", number, 20)
    .option("--first-port <port>", "fifty ports from here on have to be free", number, 18_600)
    .option("--report <file>", "of the day, as a page; default: rehearsal-<stack>.html")
    .option("--json", "everything as JSON, for programs", false)
    .action(rehearse);

export async function rehearse(stackName: string, flags: RehearseFlags): Promise<void> {
  const stack = readRehearsedStack(stackName);
  const say = flags.json ? () => undefined : (line: string) => console.log(line);
  say(`Stack ${stackName}, rehearsed on this machine: nothing outside is touched`);

  const life = flags.only === "day" ? undefined : await playLife(stack, say);
  const day = flags.only === "life" ? undefined : await playDay(stack, flags, say);
  const good = life?.good !== false && day?.good !== false;
  if (flags.json) console.log(JSON.stringify({ stack: stackName, good, life, day }, null, 2));
  if (!good) process.exitCode = 1;
}

async function playLife(
  { name, file, steps }: RehearsedStack,
  say: (line: string) => void,
): Promise<LifeReport> {
  say("\nWhat is declared, on stand-ins:");
  const report = await rehearseLife(name, file, steps, (result) => say(stepLine(result)));
  const { good, kept, billed, skipped } = report;
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    ["kept because it is protected", kept.join("\n") || "nothing"],
    ["still billed by Verda", billed.join("\n") || "nothing"],
    ...(skipped > 0 ? [["steps not reached", String(skipped)]] : []),
  );
  say(`\n${table.toString()}`);
  say(
    good
      ? pc.green("This stack comes up, changes where it should, and goes.")
      : pc.red("Not as it should be: see the lines above."),
  );
  return report;
}

function stepLine({ name, seconds, changes, resources, fault }: StepResult): string {
  const sign = fault === undefined ? pc.green("✓") : pc.red("✗");
  const did = `${changes} of ${resources} resources`;
  const first = `  ${sign} ${name.padEnd(32)} ${did.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s`;
  return fault === undefined ? first : `${first}\n    ${fault}`;
}

async function playDay(
  { name, settings, dayVersions }: RehearsedStack,
  { jobs, think, speed, firstPort, report: file }: RehearseFlags,
  say: (line: string) => void,
): Promise<DayReport> {
  say("\nA workshop's day, with participants at work:");
  const stop = new AbortController();
  const abort = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, abort);
  try {
    const report = await runDay({
      stack: name,
      ...{ settings, jobs, speed, firstPort },
      worker: dayVersions,
      thinkSeconds: think,
      signal: stop.signal,
      tell: (event) => say(eventLine(event)),
    });
    const page = path.resolve(file ?? `rehearsal-${name}.html`);
    writeFileSync(page, dayPage(report));
    say(dayEnding(report, page));
    return report;
  } catch (error) {
    if (stop.signal.aborted) throw new InterruptedError();
    throw error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, abort);
  }
}

function eventLine(event: DayEvent): string {
  if (event.kind === "begins") return `  · ${event.name}`;
  if (event.kind === "left out") return `  - ${event.name}: left out, ${event.why}`;
  const { startedAt, endedAt, note, fault } = event.scene;
  const seconds = ((endedAt - startedAt) / 1000).toFixed(0).padStart(4);
  return `${fault === undefined ? pc.green("  ✓") : pc.red("  ✗")} ${seconds} s  ${fault ?? note}`;
}

function dayEnding(report: DayReport, page: string): string {
  const { completed } = report.summary.outcomes;
  const wrong = troubles(report);
  const verdict = report.good
    ? pc.green(
        `This workshop would have survived: ${completed} jobs completed, none lost, none twice, nothing billed any more.`,
      )
    : pc.red(
        `This workshop would not have survived:\n${wrong.map((line) => `  - ${line}`).join("\n")}`,
      );
  return `\n${verdict}\nThe report: ${page}`;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError("Give a number, 0 or more.");
  }
  return value;
}
