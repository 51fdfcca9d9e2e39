/**
 * The way back: to the version settings before an upgrade. A drill goes there and forth again, and
 * measures both. Jobs are counted by the gateway before and after.
 */
import { VisibleError } from "../visible-error.ts";
import { restoring } from "./change-versions.ts";
import { Gateway } from "./gateway.ts";
import { retainedOf, withoutCanary } from "./policy-records.ts";
import type { RecordStore } from "./record-store.ts";
import type { RollbackRecord, UpgradeRecord, WrittenVersions } from "./record.ts";
import type { StackAccess } from "./stack-access.ts";
import { upgradedServices, workerVersionsOf } from "./versions.ts";

export interface RollbackParts {
  readonly stack: StackAccess;
  readonly store: RecordStore;
  /** A running job may take this long; then it goes back to the queue. Seconds. */
  readonly drainSeconds: number;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The record that a rollback starts from: the newest upgrade that was not taken back, or a named one.
 *
 * @throws VisibleError when there is none
 */
export function chooseRecord(
  stackName: string,
  records: readonly UpgradeRecord[],
  id: string | undefined,
): UpgradeRecord {
  const chosen =
    id === undefined ? records.find(hasChanged) : records.find((record) => record.id === id);
  if (chosen) return chosen;
  const known = records.map((record) => record.id).join(", ");
  throw new VisibleError(
    id === undefined
      ? `Stack ${stackName} has no upgrade to take back: the records in its folder upgrades/ say what was.`
      : `Stack ${stackName} has no upgrade ${id}: ${known === "" ? "there is none at all" : `there is ${known}`}.`,
  );
}

/** Whether something of the upgrade is in force. */
export const hasChanged = ({ status, phases }: UpgradeRecord): boolean =>
  status === "running" ||
  (status !== "returned" && phases.some((phase) => phase.status === "promoted"));

/** Back to what was before the upgrade, and the record says so. */
export async function rollBack(parts: RollbackParts, record: UpgradeRecord): Promise<void> {
  const { stack, store } = parts;
  forgetTrial(stack, record);
  await go(parts, record, record.before, "rollback");
  record.status = "returned";
  record.endedAt ??= new Date().toISOString();
  await store.write(record);
}

/** Back, and forth again to what there is now. One that was cut off is gone on with. */
export async function drillRollback(parts: RollbackParts, record: UpgradeRecord): Promise<void> {
  const { stack, store } = parts;
  const present = record.drilling ?? stack.writtenVersions();
  record.drilling = present;
  await store.write(record);
  await go(parts, record, record.before, "drill-back");
  await go(parts, record, present, "drill-forth");
  delete record.drilling;
  await store.write(record);
}

async function go(
  { stack, store, drainSeconds, tell, signal }: RollbackParts,
  record: UpgradeRecord,
  versions: WrittenVersions,
  kind: RollbackRecord["kind"],
): Promise<void> {
  const start = Date.now();
  const platform = await stack.platform();
  const accepted = await new Gateway(platform.admin, signal).jobs("pending", "running");
  stack.change(restoring(versions));
  await stack.drain(platform, {
    versions: workerVersionsOf(stack.settings()),
    patienceSeconds: drainSeconds,
    signal,
    tell: (line) => tell(`  · ${line}`),
  });
  await stack.update();
  const updated = await stack.platform();
  await stack.settle(updated, signal);
  const seconds = (Date.now() - start) / 1000;
  const lostJobs = await unknownJobs(
    new Gateway(updated.admin, signal),
    accepted.map(({ id }) => id),
  );
  const at = new Date(start).toISOString();
  record.rollbacks.push({ kind, at, seconds, acceptedJobs: accepted.length, lostJobs });
  await store.write(record);
  tell(`  ✓ ${summaryOf({ kind, seconds, acceptedJobs: accepted.length, lostJobs })}`);
}

const words = { rollback: "back", "drill-back": "back", "drill-forth": "forth again" } as const;

/** One line for people. */
export function summaryOf({
  kind,
  seconds,
  acceptedJobs,
  lostJobs,
}: Omit<RollbackRecord, "at">): string {
  const lost = lostJobs.length === 0 ? "none lost" : `LOST: ${lostJobs.join(", ")}`;
  return `${words[kind]}: everything well ${seconds.toFixed(1)} s after the decision; ${acceptedJobs} accepted jobs at that time, ${lost}`;
}

/** Those that the queue does not know any more. */
async function unknownJobs(gateway: Gateway, ids: readonly string[]): Promise<string[]> {
  const unknown: string[] = [];
  for (const id of ids) if (!(await gateway.job(id))) unknown.push(id);
  return unknown;
}

/** What is taken back has to be tried anew before it comes again. */
function forgetTrial(stack: StackAccess, { to, ranBefore }: UpgradeRecord): void {
  const settings = stack.settings();
  const canaries = upgradedServices.reduce(
    (left, service) => {
      const version = to[service];
      const isNew = version !== undefined && !ranBefore[service].includes(version);
      return isNew ? withoutCanary(left, { service, version, stack: stack.name }) : left;
    },
    [...settings.canaries],
  );
  stack.change({
    canaries: canaries.length > 0 ? canaries : undefined,
    retained: retainedOf(settings, ranBefore),
  });
}
