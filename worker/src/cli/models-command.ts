/** `comfymulti-worker models …`: restore, verify, back up and scan the model files of this machine. */
import {
  ConfigurationError,
  CONFIGURATION_ERROR_EXIT_CODE,
  readEnvironment,
} from "@comfymulti/configuration";
import { Command, InvalidArgumentError } from "commander";
import { backup } from "../models/backup.ts";
import { createDisplay } from "../models/display.ts";
import { formatBytes, formatTable } from "../models/format.ts";
import { filesOf, readManifest } from "../models/manifest-file.ts";
import { ModelsError } from "../models/models-error.ts";
import { ObjectStore } from "../models/object-store.ts";
import { restore } from "../models/restore.ts";
import { scanModels } from "../models/scan.ts";
import type { ScanReport } from "../models/scan.ts";
import { bucketSettingsSchema, modelsSettingsSchema } from "../models/settings.ts";
import { isWrong, verify } from "../models/verify.ts";

interface CommonOptions {
  json?: true;
  manifest?: string;
}
interface SelectionOptions extends CommonOptions {
  template?: string[];
}
interface RestoreCommandOptions extends SelectionOptions {
  verify?: true;
  parallel: number;
}

const DEFAULT_PARALLEL = 4;

/** The `models` command with its subcommands; sets the process's exit code: 0, 1 or 78. */
export function modelsCommand(): Command {
  const models = new Command("models").description("the model files of this machine");
  const subcommand = (name: string, description: string) =>
    models
      .command(name)
      .description(description)
      .option("--json", "for machines: JSON on stdout")
      .option("--manifest <file>", "another list of models than this version's own");
  const template = ["--template <names...>", "only the files of these templates"] as const;

  subcommand(
    "restore",
    "fetch the files that are missing from the bucket; goes on where it stopped",
  )
    .option(...template)
    .option("--verify", "hash the files that are there, and fetch again those that are wrong")
    .option("--parallel <files>", "files on their way at once", parseParallel, DEFAULT_PARALLEL)
    .action((options: RestoreCommandOptions) => run((signal) => restoreCommand(options, signal)));
  subcommand("verify", "compare size and SHA-256 of the files with the manifest")
    .option(...template)
    .action((options: SelectionOptions) => run((signal) => verifyCommand(options, signal)));
  subcommand("backup", "upload files that the bucket lacks or holds with another size").action(
    (options: CommonOptions) => run((signal) => backupCommand(options, signal)),
  );
  subcommand(
    "scan",
    "which templates can run here, what is missing, what lies there unused",
  ).action((options: CommonOptions) => run(() => scanCommand(options)));
  return models;
}

function parseParallel(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 16) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 16.");
}

async function restoreCommand(
  { json, manifest, template = [], verify: check, parallel }: RestoreCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const settings = readEnvironment(modelsSettingsSchema, process.env);
  const store = new ObjectStore(readEnvironment(bucketSettingsSchema, process.env));
  const display = createDisplay(json === true);
  try {
    const result = await restore({
      directory: settings.MODELS_DIRECTORY,
      files: filesOf(await readManifest(manifest), template),
      ...{ store, signal, parallel, verify: check === true, report: display.show },
      lockStaleSeconds: settings.MODELS_LOCK_STALE_SECONDS,
      progressEveryMs: display.everyMs,
    });
    const { restored, skipped, failed } = result;
    print(
      json
        ? { event: "done", ...result }
        : `${restored} restored, ${skipped} there, ${failed} failed`,
    );
    return failed > 0 ? 1 : 0;
  } finally {
    store.close();
  }
}

async function backupCommand(
  { json, manifest }: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const { MODELS_DIRECTORY: directory } = readEnvironment(modelsSettingsSchema, process.env);
  const store = new ObjectStore(readEnvironment(bucketSettingsSchema, process.env));
  const display = createDisplay(json === true);
  try {
    const result = await backup({
      ...{ directory, store, signal, report: display.show },
      manifest: await readManifest(manifest),
      progressEveryMs: display.everyMs,
    });
    const { uploaded, skipped, failed } = result;
    print(
      json
        ? { event: "done", ...result }
        : `${uploaded} uploaded, ${skipped} in the bucket already, ${failed} failed`,
    );
    return failed > 0 ? 1 : 0;
  } finally {
    store.close();
  }
}

async function verifyCommand(
  { json, manifest, template = [] }: SelectionOptions,
  signal: AbortSignal,
): Promise<number> {
  const { MODELS_DIRECTORY: directory } = readEnvironment(modelsSettingsSchema, process.env);
  const files = filesOf(await readManifest(manifest), template);
  const results = await verify(directory, files, signal, ({ path, status }) => {
    if (!json) process.stderr.write(`${path}: ${status}\n`);
  });
  const wrong = results.filter(isWrong);
  if (json) {
    print({ directory, files: results });
  } else if (wrong.length > 0) {
    print(
      formatTable(
        ["file", "fault", "found"],
        wrong.map(({ path, status, detail }) => [path, status, detail]),
      ),
    );
  } else {
    print(`All ${results.length} files are right.`);
  }
  return wrong.length > 0 ? 1 : 0;
}

async function scanCommand({ json, manifest }: CommonOptions): Promise<number> {
  const { MODELS_DIRECTORY: directory } = readEnvironment(modelsSettingsSchema, process.env);
  const report = await scanModels(directory, await readManifest(manifest));
  print(json ? report : scanText(report));
  return 0;
}

function scanText({ templates, orphans, orphanBytes, unfinished }: ScanReport): string {
  // A line a file: names are long, and a terminal is not.
  const rows = templates.flatMap(({ name, runnable, missing: [first = "", ...others] }) => [
    [name, runnable ? "yes" : "no", first],
    ...others.map((path) => ["", "", path]),
  ]);
  const files = (title: string, list: ScanReport["orphans"]) =>
    list.length === 0
      ? []
      : ["", title, ...list.map(({ path, sizeBytes }) => `  ${path}  ${formatBytes(sizeBytes)}`)];
  return [
    formatTable(["template", "can run", "missing"], rows),
    ...files(`${formatBytes(orphanBytes)} that no template needs:`, orphans),
    ...files("Restores not finished:", unfinished),
  ].join("\n");
}

function print(result: object | string): void {
  process.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result)}\n`);
}

/** Runs a subcommand that Ctrl-C ends in good order, and turns its faults into sentences. */
async function run(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  // Once: a second Ctrl-C ends the process at once, which loses nothing but the lock's release.
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    process.exitCode = await work(interrupted.signal);
  } catch (error) {
    process.exitCode = error instanceof ConfigurationError ? CONFIGURATION_ERROR_EXIT_CODE : 1;
    process.stderr.write(`${explain(error, interrupted.signal)}\n`);
  } finally {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  }
}

function explain(error: unknown, interrupted: AbortSignal): string {
  if (interrupted.aborted) {
    return "Interrupted: run the same command again. A restore goes on where it was, a backup with the file it was at.";
  }
  if (error instanceof ConfigurationError || error instanceof ModelsError) return error.message;
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  if (code === undefined) return stack ?? message;
  return path === undefined
    ? `The bucket can't be reached (${message}): check R2_ENDPOINT and the network.`
    : `The models directory can't be used (${message}): check its owner and its mount.`;
}
