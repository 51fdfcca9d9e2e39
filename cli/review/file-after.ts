/** A stack's file as an upgrade would leave it, for the engine to look at. */
import { backupParts } from "../../components/declaration/declaration.ts";
import type { Settings } from "../../stacks/settings.ts";
import type { StackFile } from "../stack-settings.ts";
import { versionChanges } from "../upgrade/change-versions.ts";
import type { Phase } from "../upgrade/phases.ts";
import { retainedOf, withCanary } from "../upgrade/policy-records.ts";
import { allVersionsInUse } from "../upgrade/versions.ts";

export interface UpgradeToCome {
  readonly stack: string;
  readonly settings: Settings;
  readonly phases: readonly Phase[];
  /** With what staging stacks have tried. */
  readonly canaries: Settings["canaries"];
}

/** With the records that policies ask for, as the upgrade makes them on its way to its last phase. */
export function fileAfter(
  file: StackFile,
  { stack, settings, phases, canaries }: UpgradeToCome,
): StackFile {
  const at = new Date().toISOString();
  const after = phases.reduce((present, phase) => phase.apply(present), settings);
  // A service's last phase is the one that has to show what those before it have tried.
  const before = phases.filter(({ service }, index) =>
    phases.slice(index + 1).some((later) => later.service === service),
  );
  const changes: Record<string, unknown> = {
    ...versionChanges(settings, after),
    canaries: before.reduce(
      (all, { service, version, limits }) =>
        withCanary(all, { service, version, stack, at, jobs: limits.jobs }),
      [...canaries],
    ),
    retained: retainedOf(settings, allVersionsInUse(settings)),
    lastBackup: { at, of: [...backupParts] },
  };
  const config = { ...file.config };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) Reflect.deleteProperty(config, `comfymulti:${name}`);
    else config[`comfymulti:${name}`] = value;
  }
  return { ...file, config };
}
