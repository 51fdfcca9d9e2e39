/** What a stack's services say: their log files here, or their containers' logs on their machines. */
import { Command, InvalidArgumentError } from "commander";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { stackDirectories } from "../../stacks/places.ts";
import { viewStack } from "../cost/stack-view.ts";
import { containerLog } from "../logs/container-log.ts";
import { follow, lastLines, sizeOf, type LogRange } from "../logs/file-log.ts";
import { prefixes, sinceTime } from "../logs/lines.ts";
import { containersOf, type Container } from "../logs/machines.ts";
import { redactor, secretsOf } from "../logs/redact.ts";
import { readSettings } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";

interface LogsFlags {
  readonly follow: boolean;
  readonly lines: number;
  readonly since?: string;
}

/** `logs`, with its options. */
export const logsCommand = (): Command =>
  new Command("logs")
    .description("what the services of a stack say; secrets are taken out")
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .argument("[services...]", "such as queue-manager worker-1; default: all")
    .option("-f, --follow", "and what they say from now on, until Ctrl-C", false)
    .option("-n, --lines <count>", "the last lines of each", lines, 50)
    .option("--since <time>", "no older ones: 10m, 2h, or a date and time")
    .action(logs);

/** One log that can be shown. */
interface Source {
  readonly service: string;
  /** @returns why it could not be shown */
  readonly show: (
    write: (line: string) => void,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

export async function logs(stackName: string, names: string[], flags: LogsFlags): Promise<void> {
  const range: LogRange = {
    lines: flags.lines,
    ...(flags.since !== undefined && { since: sinceTime(flags.since, new Date()) }),
  };
  const { kind } = readSettings(stackName);
  const { platform, resources } = await viewStack(stackName);
  const all =
    kind === "local"
      ? fileSources(stackDirectories(stackName).logs, range, flags.follow)
      : containersOf(resources).map((each) => containerSource(each, range, flags.follow));
  const sources = chosen(all, names, stackName);

  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  // The reader (`| head`) may have enough.
  process.stdout.once("error", interrupt);
  const prefix = prefixes(sources.map(({ service }) => service));
  const redact = redactor(secretsOf(platform, resources));
  const failed: string[] = [];
  try {
    // One after the other reads better; what is followed can't wait for its turn.
    const shown = sources.map(({ service, show }) => async () => {
      const write = (line: string) => process.stdout.write(`${prefix(service)}${redact(line)}\n`);
      const reason = await show(write, interruption.signal);
      if (reason !== undefined) failed.push(`${service}: ${redact(reason)}`);
    });
    if (flags.follow) await Promise.all(shown.map((show) => show()));
    else for (const show of shown) await show();
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    process.stdout.off("error", interrupt);
  }
  if (failed.length > 0) {
    throw new VisibleError(
      `Some logs could not be had:\n${failed.map((line) => `  ${line}`).join("\n")}\nnpx comfymulti doctor ${stackName} tells what is wrong.`,
    );
  }
}

const LOG = /^([a-z0-9][a-z0-9-]*)\.log$/;

function fileSources(folder: string, range: LogRange, isFollowed: boolean): Source[] {
  const files = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return files.flatMap((name) => {
    const service = LOG.exec(name)?.[1];
    if (service === undefined) return [];
    const file = path.join(folder, name);
    const show: Source["show"] = async (write, signal) => {
      const end = sizeOf(file);
      for (const line of lastLines(file, range, end)) write(line);
      if (isFollowed) await follow(file, end, write, signal);
      return undefined;
    };
    return [{ service, show }];
  });
}

const containerSource = (container: Container, range: LogRange, isFollowed: boolean): Source => ({
  service: container.service,
  show: (write, signal) => containerLog(container, { ...range, isFollowed }, write, signal),
});

function chosen(sources: readonly Source[], names: readonly string[], stack: string): Source[] {
  if (sources.length === 0) {
    throw new VisibleError(`Stack ${stack} has no logs: npx comfymulti up ${stack} brings it up.`);
  }
  if (names.length === 0) return [...sources];
  return names.map((name) => {
    const source = sources.find(({ service }) => service === name);
    if (source) return source;
    throw new VisibleError(
      `Stack ${stack} has no service ${name}: choose from ${sources.map(({ service }) => service).join(", ")}.`,
    );
  });
}

const MOST_LINES = 100_000;

function lines(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MOST_LINES) {
    throw new InvalidArgumentError(`Give a whole number from 0 to ${MOST_LINES}.`);
  }
  return value;
}
