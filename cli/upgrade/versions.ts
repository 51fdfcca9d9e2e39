/** The settings that say which version runs where: all that an upgrade changes of what runs. */
import { frontendPlans, workerPlans } from "../../stacks/plans.ts";
import type { Settings } from "../../stacks/settings.ts";

export const versionKeys = [
  "frontendVersion",
  "frontends",
  "workerVersion",
  "workerVersions",
] as const satisfies readonly (keyof Settings)[];

export type VersionSettings = Pick<
  Settings,
  (typeof versionKeys)[number] | "users" | "workers" | "frontendEngine"
>;

export const upgradedServices = ["frontend", "worker"] as const;
export type UpgradedService = (typeof upgradedServices)[number];

/** Version of each participant's editor, by participant. */
export const editorVersions = (settings: VersionSettings): Readonly<Record<string, string>> =>
  Object.fromEntries(frontendPlans(settings).map(({ user, version }) => [user, version]));

/** Version of each worker, by name; without machines the one of those that start on demand. */
export const workerVersionsOf = (settings: VersionSettings): Readonly<Record<string, string>> =>
  settings.workers === 0
    ? { serverless: settings.workerVersion }
    : Object.fromEntries(workerPlans(settings).map(({ name, version }) => [name, version]));

/** Versions in use, each once. */
export const versionsInUse = (settings: VersionSettings, service: UpgradedService): string[] => [
  ...new Set(
    Object.values(service === "frontend" ? editorVersions(settings) : workerVersionsOf(settings)),
  ),
];

export type VersionsByService = Readonly<Record<UpgradedService, readonly string[]>>;

export const allVersionsInUse = (settings: VersionSettings): VersionsByService => ({
  frontend: versionsInUse(settings, "frontend"),
  worker: versionsInUse(settings, "worker"),
});

/** Who has another version in one than in the other. */
export function changedNames(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name]);
}
