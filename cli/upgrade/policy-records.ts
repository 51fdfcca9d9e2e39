/** What an upgrade tells the policies: what was tried, what can be had back, what was backed up. */
import type { DeclaredPlatform } from "../../components/declaration/declaration.ts";
import { backupParts } from "../../components/declaration/declaration.ts";
import type { Settings } from "../../stacks/settings.ts";
import type { Phase } from "./phases.ts";
import { upgradedServices, type VersionsByService } from "./versions.ts";

type Canary = DeclaredPlatform["canaries"][number];
type Retained = DeclaredPlatform["retained"][number];
export type LastBackup = NonNullable<DeclaredPlatform["lastBackup"]>;

/** Records of each service and version: the one with the most jobs counts, so one is enough. */
export function withCanary(canaries: readonly Canary[], canary: Canary): Canary[] {
  const isOther = ({ service, version, stack }: Canary) =>
    service !== canary.service || version !== canary.version || stack !== canary.stack;
  const same = canaries.filter((each) => !isOther(each));
  const jobs = Math.max(canary.jobs, ...same.map((each) => each.jobs));
  return [...canaries.filter(isOther), { ...canary, jobs }];
}

/** A phase that was promoted, as the rule `canary-before-fleet` reads it. */
export const canaryOf = (
  { service, version }: Pick<Phase, "service" | "version">,
  stack: string,
  jobs: number,
  now: Date,
): Canary => ({ service, version, stack, at: now.toISOString(), jobs });

/** Without what a version that went wrong was tried for: it has to be tried anew. */
export const withoutCanary = (
  canaries: readonly Canary[],
  { service, version, stack }: Pick<Canary, "service" | "version" | "stack">,
): Canary[] =>
  canaries.filter(
    (each) => each.service !== service || each.version !== version || each.stack !== stack,
  );

/** Versions that can be had back, with their images in the cloud. */
export const retainedOf = (
  { images, frontendEngine }: Pick<Settings, "images" | "frontendEngine">,
  versions: VersionsByService,
): Retained[] =>
  upgradedServices.flatMap((service) => {
    const kind = service === "frontend" && frontendEngine !== "light" ? "comfyuiFrontend" : service;
    return [...new Set(versions[service])].map((version): Retained => {
      const image = images?.[kind][version];
      return { service, version, ...(image !== undefined && { image }) };
    });
  });

const HOUR_MS = 3_600_000;
/** As the rule `backup-before-upgrade` has it. */
const OLDEST_BACKUP_HOURS = 24;

/** Whether a backup has to be made before anything changes. */
export function needsBackup(
  lastBackup: LastBackup | undefined,
  kind: Settings["kind"],
  now: Date,
): boolean {
  if (!lastBackup) return true;
  // A stack on this machine has files of its participants alone.
  const parts = kind === "local" ? (["user-files"] as const) : backupParts;
  const age = now.getTime() - Date.parse(lastBackup.at);
  return age > OLDEST_BACKUP_HOURS * HOUR_MS || parts.some((part) => !lastBackup.of.includes(part));
}
