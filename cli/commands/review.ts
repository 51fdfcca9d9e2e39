/** Looks at an upgrade without doing it: one Markdown file for a pull request. */
import { templates } from "@comfymulti/workflows";
import { Command } from "commander";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pairCell } from "../../policies/compatibility.ts";
import type { Settings } from "../../stacks/settings.ts";
import { definitionChanges } from "../review/definitions.ts";
import { fileAfter } from "../review/file-after.ts";
import { interruptions } from "../review/interruption.ts";
import { markdown, type Review } from "../review/markdown.ts";
import { previewWith } from "../review/preview.ts";
import { RUNNING, savedGraphs } from "../review/saved-graphs.ts";
import { judgeGraphs, type StoredGraph } from "../review/stored-graphs.ts";
import { exitCodes, judge } from "../review/verdict.ts";
import { waysBack } from "../review/way-back.ts";
import { readSettings, readStackFile, type StackFile } from "../stack-settings.ts";
import type { Phase } from "../upgrade/phases.ts";
import { HurdleError, planUpgrade, type Targets } from "../upgrade/plan.ts";
import { runCommand } from "../upgrade/run-command.ts";
import { trialsOnStaging, untriedText, withTrials } from "../upgrade/staging.ts";
import { versionsInUse } from "../upgrade/versions.ts";

export interface ReviewFlags {
  readonly to?: string;
  readonly toFrontend?: string;
  readonly toWorker?: string;
  readonly saved?: string;
  readonly out?: string;
  readonly json: boolean;
}

export const reviewCommand = (): Command =>
  new Command("review")
    .description(
      "look at an upgrade without doing it, as Markdown for a pull request; exit code 0: go, 3: go with migration, 1: no-go",
    )
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--to <version>", "of editors and workers")
    .option("--to-frontend <version>", "of participants' editors alone")
    .option("--to-worker <version>", "of workers alone")
    .option(
      "--saved <folder>",
      `participants' own workflows, too: a folder of them, or ${RUNNING} for those of the running stack`,
    )
    .option("--out <file>", "where the Markdown goes; default: printed")
    .option("--json", "everything as JSON, for programs", false)
    .action(review);

export async function review(stackName: string, flags: ReviewFlags): Promise<void> {
  const file = readStackFile(stackName);
  await runCommand(flags.json, async ({ signal, tell }) => {
    const reviewed = await lookAt(stackName, file, flags, signal);
    process.exitCode = exitCodes[reviewed.verdict];
    const text = markdown(reviewed);
    if (flags.out !== undefined) {
      const place = path.resolve(flags.out);
      writeFileSync(place, text);
      tell(`${reviewed.verdict}: ${place}`);
    } else if (!flags.json) tell(text);
    return reviewed;
  });
}

async function lookAt(
  stackName: string,
  file: StackFile,
  flags: ReviewFlags,
  signal: AbortSignal,
): Promise<Review> {
  const settings = readSettings(stackName, file);
  const targets = targetsOf(flags);
  const { phases, hurdle } = planOf(settings, targets);
  const [from] = versionsInUse(settings, "worker");
  const to = targets.worker;
  const workers = from !== undefined && to !== undefined && from !== to ? { from, to } : undefined;
  const stored = [
    ...templatesOf(settings),
    ...(flags.saved === undefined ? [] : await savedGraphs(stackName, flags.saved, signal)),
  ];
  const trials = settings.kind === "workshop" ? trialsOnStaging(stackName) : [];
  const canaries = withTrials(settings.canaries, trials, targets);
  const preview =
    hurdle === undefined
      ? await previewWith(
          stackName,
          fileAfter(file, { stack: stackName, settings, phases, canaries }),
          signal,
        )
      : { changes: [], policies: [], price: "", fault: "no order of phases leads there" };
  // One reason is enough: a hurdle is why nothing was looked at.
  const fault = hurdle === undefined ? preview.fault : undefined;
  const graphs = workers ? judgeGraphs(stored, workers) : [];
  const ways = waysBack(settings);
  const violations = preview.policies
    .filter(({ level }) => level === "mandatory")
    .map(({ rule, message }) => `${rule}: ${message}`);
  return {
    stack: stackName,
    to: { ...targets },
    ...judge({ hurdle, fault, graphs, violations, waysBack: ways }),
    ...{ workers, graphs, preview },
    definitions: workers && definitionChanges(stored, workers),
    pair: pairCell(
      targets.frontend ?? settings.frontendVersion,
      targets.worker ?? settings.workerVersion,
      settings.templates,
    ),
    phases: interruptions(phases, settings),
    advice: untriedText(settings, trials, targets),
    waysBack: ways,
  };
}

/** What is not known, or not there, is a fault of the question; what does not go is an answer. */
function planOf(
  settings: Settings,
  targets: Targets,
): { phases: readonly Phase[]; hurdle?: string } {
  try {
    return planUpgrade(settings, targets);
  } catch (error) {
    if (error instanceof HurdleError) return { phases: [], hurdle: error.message };
    throw error;
  }
}

const templatesOf = ({ templates: ids }: Settings): StoredGraph[] =>
  templates.filter(({ id }) => ids.includes(id)).map(({ id, api }) => ({ name: id, json: api }));

function targetsOf({ to, toFrontend = to, toWorker = to }: ReviewFlags): Targets {
  return {
    ...(toFrontend !== undefined && { frontend: toFrontend }),
    ...(toWorker !== undefined && { worker: toWorker }),
  };
}
