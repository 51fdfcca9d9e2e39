/** What is wrong with a stack, and how each of it is cured. */
import { Command } from "commander";
import { backupPlace } from "../backup/place.ts";
import { requestBackup } from "../backup/request.ts";
import { readStackState } from "../backup/stack-state.ts";
import { hasCredentials, verdaClient } from "../cost/stack-view.ts";
import type { Patient, Remedy } from "../doctor/check.ts";
import { deleteOrphans, orphansOf } from "../doctor/checks/orphans.ts";
import { examine, type Examination } from "../doctor/examine.ts";
import { confirm } from "../upgrade/confirm.ts";
import { runCommand, type CommandRun } from "../upgrade/run-command.ts";
import { VisibleError } from "../visible-error.ts";
import { up } from "./up.ts";

export interface DoctorFlags {
  readonly json: boolean;
  /** Cures by an update or a backup what these can cure. */
  readonly fix: boolean;
  readonly adopt: boolean;
  readonly deleteOrphans: boolean;
  readonly yes: boolean;
}

/** `doctor`, with its options. */
export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("look a stack over; exit code 1 when something needs a cure")
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--fix", "cure what an update or a backup can cure", false)
    .option("--adopt", "take orphans at Verda in, where the settings declare them", false)
    .option("--delete-orphans", "delete orphans at Verda, with what is on them", false)
    .option("--yes", "do not ask before deleting", false)
    .option("--json", "as JSON, for programs", false)
    .action(doctor);

export async function doctor(stackName: string, flags: DoctorFlags): Promise<void> {
  if (flags.adopt && flags.deleteOrphans) {
    throw new VisibleError("Choose one: --adopt takes orphans in, --delete-orphans deletes them.");
  }
  await runCommand(flags.json, async (run) => {
    run.tell(`Stack ${stackName}`);
    const first = await examine(stackName, run.signal, run.tell);
    const hasCured = await cure(stackName, first, flags, run);
    if (hasCured) run.tell("\nLooking again");
    const { results } = hasCured ? await examine(stackName, run.signal, run.tell) : first;
    const open = results.flatMap(({ findings }) => findings.filter(({ isFine }) => !isFine));
    run.tell(open.length === 0 ? "\nNothing needs a cure." : `\n${open.length} to be cured.`);
    if (open.length > 0) process.exitCode = 1;
    return { stack: stackName, isFine: open.length === 0, checks: results };
  });
}

/** @returns whether anything was done */
async function cure(
  stackName: string,
  { results, patient }: Examination,
  flags: DoctorFlags,
  run: CommandRun,
): Promise<boolean> {
  if (!patient) return false;
  const remedies = new Set<Remedy>(flags.adopt ? ["up"] : []);
  for (const finding of flags.fix ? results.flatMap(({ findings }) => findings) : []) {
    if (!finding.isFine && finding.remedy) remedies.add(finding.remedy);
  }
  const hasDeleted = flags.deleteOrphans && (await deleteWhatIsLeft(patient, flags.yes, run));
  // What is adopted is there when its backup is made.
  if (remedies.has("up")) await up(stackName);
  if (remedies.has("backup")) await backUp(patient);
  return hasDeleted || remedies.size > 0;
}

async function deleteWhatIsLeft(
  { name, view }: Patient,
  isAgreed: boolean,
  { signal, tell }: CommandRun,
): Promise<boolean> {
  if (!hasCredentials(view.verda)) {
    throw new VisibleError(
      "Orphans can't be deleted without Verda's credentials: set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET.",
    );
  }
  const client = verdaClient(view.verda);
  const orphans = await orphansOf(client, view.scope, view.resources);
  if (orphans.length === 0) return false;
  tell(`\nTo be deleted, with what is on them: ${orphans.map((each) => each.name).join(", ")}`);
  if (!isAgreed) await confirm(name, signal);
  await deleteOrphans(client, orphans, (line) => tell(`  · ${line}`));
  return true;
}

async function backUp({ name, view }: Patient): Promise<void> {
  const access = view.platform?.backup;
  if (!access) return;
  await requestBackup(name, backupPlace(name, access), await readStackState(name));
}
