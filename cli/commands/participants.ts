/** `comfymulti participants`: simulated participants on a running stack, and what each of them got. */
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { existsSync, readFileSync } from "node:fs";
import pc from "picocolors";
import {
  ParticipantsError,
  readLinks,
  runParticipants,
  type ParticipantLink,
  type ParticipantsReport,
  type Spread,
} from "../../rehearsal/participants/index.ts";
import { readPlatform } from "../platform.ts";
import { VisibleError } from "../visible-error.ts";
import { ParticipantsProgress } from "./participants-progress.ts";

/** Participants of the standard run. */
const STANDARD_USERS = 20;
/** Errors that are printed; JSON has all of them. */
const SHOWN_ERRORS = 20;

export interface ParticipantsCommandOptions {
  readonly users?: number;
  readonly jobs: number;
  readonly think: number;
  readonly template: string;
  readonly seed: number;
  /** Percent. */
  readonly cancels: number;
  readonly reloads: number;
  readonly patience: number;
  readonly links?: string;
  readonly json: boolean;
}

export function participants(): Command {
  return new Command("participants")
    .description(
      "let simulated participants work on a running stack, each checking that they get their own pictures; exit code 1 when a job is lost, wrong or failed",
    )
    .argument("[stack]", "name of a Pulumi.<stack>.yaml", "local")
    .option(
      "--users <count>",
      `participants; default: all of the stack, ${STANDARD_USERS} at most`,
      number,
    )
    .option("--jobs <count>", "jobs of each, one after another", number, 5)
    .option("--think <seconds>", "pause of each before a job, on average", number, 5)
    .option("--template <name>", "template that they run", "example_workflow")
    .option("--seed <number>", "the same number gives the same pauses and cancels", number, 1)
    .option("--cancels <percent>", "jobs that their participant cancels", number, 0)
    .option("--reloads <percent>", "jobs during which the page is reloaded", number, 0)
    .option("--patience <seconds>", "after which a job without an end counts as lost", number, 3600)
    .option("--links <file>", "a file with personal links, of any form, instead of the stack's")
    .option("--json", "the report as JSON, for programs", false)
    .action(runCommand);
}

/** Sets the exit code: 0 when everybody got their own pictures, 1 when not, 130 when it was stopped. */
async function runCommand(stack: string, options: ParticipantsCommandOptions): Promise<void> {
  const links = chosen(await linksOf(stack, options.links), options.users);
  const stop = new AbortController();
  const abort = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, abort);
  const progress = new ParticipantsProgress(links.length, links.length * options.jobs);
  let report: ParticipantsReport;
  try {
    report = await runParticipants({
      links,
      jobs: options.jobs,
      thinkSeconds: options.think,
      template: options.template,
      seed: options.seed,
      cancelShare: options.cancels / 100,
      reloadShare: options.reloads / 100,
      patienceSeconds: options.patience,
      signal: stop.signal,
      onEvent: progress.onEvent,
    });
  } catch (error) {
    throw error instanceof ParticipantsError
      ? new VisibleError(inOptions(error.message), { cause: error })
      : error;
  } finally {
    progress.end();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, abort);
  }
  console.log(options.json ? JSON.stringify(report, null, 2) : render(report));
  if (!report.good) process.exitCode = report.stopped ? 130 : 1;
}

async function linksOf(
  stack: string,
  file: string | undefined,
): Promise<readonly ParticipantLink[]> {
  if (file === undefined) {
    return (await readPlatform(stack)).users.map(({ id, link }) => ({ id, link }));
  }
  if (!existsSync(file)) throw new VisibleError(`There is no file ${file}.`);
  try {
    return readLinks(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VisibleError(`${file} can't be used: ${reason}`, { cause: error });
  }
}

function chosen(
  links: readonly ParticipantLink[],
  users: number | undefined,
): readonly ParticipantLink[] {
  const count = users ?? Math.min(links.length, STANDARD_USERS);
  if (!Number.isInteger(count) || count < 1) {
    throw new VisibleError("--users must be a whole number, 1 or more.");
  }
  if (count > links.length) {
    throw new VisibleError(
      `There are links of ${links.length} participants: give --users ${links.length} or less, or set comfymulti:users and bring the stack up again.`,
    );
  }
  return links.slice(0, count);
}

/** Option by the library's name for it. */
const OPTION_NAMES = {
  thinkSeconds: "--think",
  patienceSeconds: "--patience",
  cancelShare: "--cancels",
  reloadShare: "--reloads",
  jobs: "--jobs",
  seed: "--seed",
  template: "--template",
} as const;

function inOptions(message: string): string {
  const [name = ""] = message.split(" ");
  if (name === "cancelShare" || name === "reloadShare") {
    return `${OPTION_NAMES[name]} must be 0 to 100 percent.`;
  }
  const option = (OPTION_NAMES as Readonly<Record<string, string>>)[name];
  return option === undefined ? message : option + message.slice(name.length);
}

/** The report as a host reads it. */
export function render(report: ParticipantsReport): string {
  const { summary, participants: people, errors } = report;
  const table = new Table({
    head: [
      "participant",
      "completed",
      "cancelled",
      "bad",
      "wait p50",
      "p95",
      "max",
      "run p50",
      "max",
      "GPU s",
      "asked to wait",
      "reloads",
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const { user, completed, cancelled, bad, wait, run, ...own } of people) {
    table.push([
      user,
      completed,
      cancelled,
      bad > 0 ? pc.red(String(bad)) : "0",
      ...[wait?.p50, wait?.p95, wait?.max, run?.p50, run?.max, own.gpuSeconds].map(oneDigit),
      own.refusals,
      own.reloads,
    ]);
  }
  const seconds = Math.round((report.endedAt - report.startedAt) / 1000);
  const planned = people.length * report.settings.jobs;
  const lines = [
    table.toString(),
    `${summary.outcomes.completed} of ${planned} jobs completed in ${seconds} s: ${summary.jobsPerMinute.toFixed(1)} a minute.`,
    spreadLine("From Run to the start", summary.wait),
    spreadLine("From start to end", summary.run),
    fairnessLine(report),
    summary.refusals > 0
      ? `The platform asked ${summary.refusals} times to come again later, and was obeyed.`
      : undefined,
    summary.reconnects > 0
      ? `Connections broke off ${summary.reconnects} times and came back by themselves.`
      : undefined,
    summary.untold > 0
      ? `Of ${summary.untold} completed jobs the WebSocket did not tell the end; the lists did.`
      : undefined,
    ...errors.slice(0, SHOWN_ERRORS).map(({ sentence }) => `${pc.red("✗")} ${sentence}`),
    errors.length > SHOWN_ERRORS
      ? `… and ${errors.length - SHOWN_ERRORS} more: --json has all of them.`
      : undefined,
    verdict(report, planned),
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

function verdict({ good, stopped, summary }: ParticipantsReport, planned: number): string {
  if (good) return `${pc.green("✓")} Everybody got exactly their own pictures.`;
  if (stopped) return `${pc.yellow("!")} It was stopped after ${summary.jobs} of ${planned} jobs.`;
  const { wrong, failed, lost, refused } = summary.outcomes;
  const missing = planned - summary.jobs;
  const counts = Object.entries({ wrong, failed, lost, refused, "never submitted": missing })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
  return `${pc.red("✗")} Not everything went well: ${counts.join(", ") || "see the lines above"}.`;
}

function spreadLine(what: string, spread: Spread | undefined): string | undefined {
  if (!spread) return undefined;
  const { p50, p95, max } = spread;
  return `${what}: half within ${p50.toFixed(1)} s, 95 of 100 within ${p95.toFixed(1)} s, the longest ${max.toFixed(1)} s.`;
}

function fairnessLine({ summary }: ParticipantsReport): string | undefined {
  const { jainIndex, largestWaitRatio } = summary.fairness;
  if (jainIndex === undefined || largestWaitRatio === undefined) return undefined;
  return `Fairness: Jain's index of GPU seconds ${jainIndex.toFixed(2)} (1 = all had the same); who waited longest waited ${largestWaitRatio.toFixed(1)} times the average.`;
}

const oneDigit = (seconds: number | undefined): string => seconds?.toFixed(1) ?? "";

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InvalidArgumentError("Give a number.");
  }
  return value;
}
