/** Brings a stack to other versions of ComfyUI, first for few, and goes back by itself. */
import { Command, InvalidArgumentError, Option } from "commander";
import { setTimeout as pause } from "node:timers/promises";
import { readSettings, readStackFile } from "../stack-settings.ts";
import { confirm } from "../upgrade/confirm.ts";
import { exclusively } from "../upgrade/exclusively.ts";
import { phasesOf, type Phase } from "../upgrade/phases.ts";
import { orders, planUpgrade, type Order, type Targets } from "../upgrade/plan.ts";
import { FolderRecordStore, recordFolder } from "../upgrade/record-store.ts";
import { recordId, type UpgradeRecord } from "../upgrade/record.ts";
import { hasChanged } from "../upgrade/rollback.ts";
import { runCommand, type CommandRun } from "../upgrade/run-command.ts";
import { stackAccess } from "../upgrade/stack-access.ts";
import { trialsOnStaging, untriedText, withTrials } from "../upgrade/staging.ts";
import { outcomeText, planSteps, planText } from "../upgrade/texts.ts";
import { Upgrade } from "../upgrade/upgrade.ts";
import { allVersionsInUse, upgradedServices } from "../upgrade/versions.ts";
import { watchPhase } from "../upgrade/watch.ts";
import { VisibleError } from "../visible-error.ts";
import type { Settings } from "../../stacks/settings.ts";

export interface UpgradeFlags {
  readonly to?: string;
  readonly toFrontend?: string;
  readonly toWorker?: string;
  readonly order?: Order;
  /** Seconds instead of each phase's own. */
  readonly watch?: number;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** It went back by itself. */
const ROLLED_BACK = 2;
const MOST_SECONDS = 86_400;

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > MOST_SECONDS) {
    throw new InvalidArgumentError(`Give whole seconds, 0 to ${MOST_SECONDS}.`);
  }
  return value;
}

/** `upgrade`, with its options. */
export const upgradeCommand = (): Command =>
  new Command("upgrade")
    .description(
      "bring a stack to another ComfyUI, first for few; goes back by itself when it is not well",
    )
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--to <version>", "for editors and workers")
    .option("--to-frontend <version>", "for participants' editors alone")
    .option("--to-worker <version>", "for workers alone")
    .addOption(
      new Option(
        "--order <order>",
        "default: what the version matrix allows, frontends first",
      ).choices(orders),
    )
    .option("--watch <seconds>", "how long each phase is watched; for rehearsals", seconds)
    .option("--yes", "do not ask", false)
    .option(
      "--dry-run",
      "only tell the phases, what each changes and what it is watched for",
      false,
    )
    .option("--json", "the upgrade's record as JSON, for programs", false)
    .action(upgrade);

/** Exit code 0: done; 2: it went back; 1: refused or failed. */
export async function upgrade(stackName: string, flags: UpgradeFlags): Promise<void> {
  readStackFile(stackName);
  await runCommand(flags.json, async (run) => {
    const folder = recordFolder(stackName);
    const work = () => carryOut(stackName, flags, folder, run);
    return flags.dryRun ? await work() : await exclusively(stackName, folder, work);
  });
}

async function carryOut(
  stackName: string,
  flags: UpgradeFlags,
  folder: string,
  { signal, tell }: CommandRun,
): Promise<unknown> {
  const settings = readSettings(stackName);
  const targets = targetsOf(flags);
  const trials = settings.kind === "workshop" ? trialsOnStaging(stackName) : [];
  const store = new FolderRecordStore(folder);
  const [newest] = await store.list();
  if (newest?.drilling) {
    throw new VisibleError(
      `A drill of ${stackName} was cut off: finish it first with npx comfymulti rollback ${stackName} --drill.`,
    );
  }
  const unfinished = newest?.status === "running" ? newest : undefined;
  let record: UpgradeRecord;
  let phases: readonly Phase[];
  if (unfinished) {
    requireSame(unfinished, targets);
    record = unfinished;
    phases = phasesOfRecord(unfinished, settings, flags.watch);
    tell(`Going on with the upgrade of ${stackName} that began ${unfinished.startedAt}.`);
    if (flags.dryRun) return record;
  } else {
    const plan = planUpgrade(settings, targets, { order: flags.order, watchSeconds: flags.watch });
    tell(planText(stackName, settings, plan));
    for (const sentence of untriedText(settings, trials, targets)) tell(sentence);
    if (flags.dryRun) {
      tell("\nNothing was done: --dry-run.");
      return planSteps(settings, plan).map(({ phase: { apply: _change, ...phase }, changes }) => ({
        ...phase,
        changes: Object.fromEntries(
          Object.entries(changes).map(([key, value]) => [key, value ?? null]),
        ),
      }));
    }
    if (!flags.yes) await confirm(stackName, signal);
    phases = plan.phases;
    record = newRecord(stackName, settings, targets, plan.order, phases);
    // One that stopped half way is what this one goes on with: the way back leads to before it.
    if (newest?.status === "rolled-back" && hasChanged(newest)) {
      record.before = newest.before;
      record.ranBefore = newest.ranBefore;
    }
    // Two records of one second would be one.
    while (newest?.id === record.id) {
      await pause(1000, undefined, { signal });
      record.id = recordId(new Date());
    }
  }
  const stack = stackAccess(stackName);
  const canaries = withTrials(settings.canaries, trials, targets);
  if (canaries.length > 0) stack.change({ canaries });
  const parts = { stack, store, watch: watchPhase, tell, signal };
  const done = await new Upgrade(parts, record, phases).run();
  tell(`\n${outcomeText(done)}`);
  if (done.status === "rolled-back") process.exitCode = ROLLED_BACK;
  return done;
}

function targetsOf({ to, toFrontend = to, toWorker = to }: UpgradeFlags): Targets {
  return {
    ...(toFrontend !== undefined && { frontend: toFrontend }),
    ...(toWorker !== undefined && { worker: toWorker }),
  };
}

function newRecord(
  stackName: string,
  settings: Settings,
  to: Targets,
  order: Order,
  phases: readonly Phase[],
): UpgradeRecord {
  const now = new Date();
  const { frontend, worker } = allVersionsInUse(settings);
  return {
    version: 1,
    id: recordId(now),
    stack: stackName,
    startedAt: now.toISOString(),
    to,
    order,
    status: "running",
    before: stackAccess(stackName).writtenVersions(),
    ranBefore: { frontend: [...frontend], worker: [...worker] },
    phases: phases.map(({ id, service, version, covers }) => ({
      ...{ id, service, version },
      covers: [...covers],
      status: "open",
      jobs: 0,
    })),
    rollbacks: [],
  };
}

/** @throws VisibleError when another upgrade is under way than is asked for */
function requireSame(record: UpgradeRecord, targets: Targets): void {
  const isSame = upgradedServices.every((service) => record.to[service] === targets[service]);
  if (isSame) return;
  const options = upgradedServices.flatMap((service) => {
    const version = record.to[service];
    return version === undefined ? [] : [`--to-${service} ${version}`];
  });
  throw new VisibleError(
    `An upgrade of ${record.stack} that began ${record.startedAt} is not finished: go on with npx comfymulti upgrade ${record.stack} ${options.join(" ")}, or take it back with npx comfymulti rollback ${record.stack}.`,
  );
}

/** @throws VisibleError when the settings have changed so that a phase is another one now */
function phasesOfRecord(
  record: UpgradeRecord,
  settings: Settings,
  watchSeconds: number | undefined,
): Phase[] {
  return record.phases.map(({ id, service, version, covers }) => {
    const phase = phasesOf(service, version, settings, { watchSeconds }).find(
      (each) => each.id === id && each.covers.join() === covers.join(),
    );
    if (phase) return phase;
    throw new VisibleError(
      `comfymulti:users or comfymulti:workers of ${record.stack} changed in the middle of an upgrade: put them back, or take the upgrade back with npx comfymulti rollback ${record.stack}.`,
    );
  });
}
