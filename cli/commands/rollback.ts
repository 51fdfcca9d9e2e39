/** Takes an upgrade back, or drills it: `--drill` goes back and forth again and measures both. */
import { Command, InvalidArgumentError } from "commander";
import { readStackFile } from "../stack-settings.ts";
import { confirm } from "../upgrade/confirm.ts";
import { exclusively } from "../upgrade/exclusively.ts";
import { FolderRecordStore, recordFolder } from "../upgrade/record-store.ts";
import { chooseRecord, drillRollback, rollBack } from "../upgrade/rollback.ts";
import { runCommand, type CommandRun } from "../upgrade/run-command.ts";
import { stackAccess } from "../upgrade/stack-access.ts";
import { VisibleError } from "../visible-error.ts";

export interface RollbackFlags {
  /** Id of an upgrade's record: to what was before that one. */
  readonly to?: string;
  readonly drill: boolean;
  readonly yes: boolean;
  /** A running job may take this long, seconds. */
  readonly drain: number;
  readonly json: boolean;
}

/** A worker that is told to end gives its job another 30 s by itself. */
const DRAIN_SECONDS = 10;
const MOST_SECONDS = 3600;

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > MOST_SECONDS) {
    throw new InvalidArgumentError(`Give whole seconds, 0 to ${MOST_SECONDS}.`);
  }
  return value;
}

/** `rollback`, with its options. */
export const rollbackCommand = (): Command =>
  new Command("rollback")
    .description("take a stack back to the versions before its last upgrade")
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--to <record>", "to what was before this upgrade, by its record's id")
    .option("--drill", "go back and forth again, measure both, leave everything as it is", false)
    .option(
      "--drain <seconds>",
      "how long running jobs are waited for before they go back to the queue",
      seconds,
      DRAIN_SECONDS,
    )
    .option("--yes", "do not ask", false)
    .option("--json", "the record as JSON, for programs", false)
    .action(rollback);

/** Exit code 0: done and no accepted job lost; 1: refused, failed, or a job lost. */
export async function rollback(stackName: string, flags: RollbackFlags): Promise<void> {
  readStackFile(stackName);
  await runCommand(flags.json, async (run) => {
    const folder = recordFolder(stackName);
    return await exclusively(stackName, folder, () => carryOut(stackName, flags, folder, run));
  });
}

async function carryOut(
  stackName: string,
  flags: RollbackFlags,
  folder: string,
  { signal, tell }: CommandRun,
): Promise<unknown> {
  const store = new FolderRecordStore(folder);
  const records = await store.list();
  const cutOff = records.find(({ drilling }) => drilling !== undefined);
  if (cutOff && !flags.drill) {
    throw new VisibleError(
      `A drill of ${stackName} was cut off: finish it first with npx comfymulti rollback ${stackName} --drill.`,
    );
  }
  const record = cutOff ?? chooseRecord(stackName, records, flags.to);
  if (flags.drill && record.status === "running") {
    throw new VisibleError(
      `The upgrade of ${stackName} is not finished, so nothing can be drilled: go on with it first, or take it back without --drill.`,
    );
  }
  const versions = Object.values(record.ranBefore).flat();
  tell(
    `${flags.drill ? "Drill" : "Rollback"} of ${stackName} to what was before ${record.startedAt}: ComfyUI ${[...new Set(versions)].join(", ")}`,
  );
  if (!flags.yes) await confirm(stackName, signal);
  const parts = { stack: stackAccess(stackName), store, drainSeconds: flags.drain, tell, signal };
  const before = record.rollbacks.length;
  if (flags.drill) await drillRollback(parts, record);
  else await rollBack(parts, record);
  if (record.rollbacks.slice(before).some(({ lostJobs }) => lostJobs.length > 0)) {
    process.exitCode = 1;
  }
  return record;
}
