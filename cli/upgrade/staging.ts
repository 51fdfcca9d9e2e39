/** What a staging stack has tried counts for the workshop: its canaries are taken over. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { settingsSchema, type Settings } from "../../stacks/settings.ts";
import { readStackFile, type StackFile } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";
import type { Targets } from "./plan.ts";
import { withCanary } from "./policy-records.ts";
import { stackFilePath } from "./settings-file.ts";
import { upgradedServices } from "./versions.ts";

type Canary = Settings["canaries"][number];

/** What the files of stacks of kind `staging` beside this one's say was tried on them. */
export function trialsOnStaging(stack: string): Canary[] {
  const files = readdirSync(path.dirname(stackFilePath(stack)));
  const others = files
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .filter((name) => name !== stack);
  return others.flatMap(ownTrials).sort((one, other) => one.at.localeCompare(other.at));
}

/** Nothing of a file that can't be understood: that is a matter of its own stack. */
function ownTrials(stack: string): Canary[] {
  let config: StackFile["config"];
  try {
    ({ config } = readStackFile(stack));
  } catch (error) {
    if (error instanceof VisibleError) return [];
    throw error;
  }
  if ((config?.["comfymulti:kind"] ?? stack) !== "staging") return [];
  const written = config?.["comfymulti:canaries"];
  const text = typeof written === "string" ? written : JSON.stringify(written);
  const canaries = settingsSchema.shape.canaries.safeParse(text).data ?? [];
  return canaries.filter((canary) => canary.stack === stack);
}

/** Records with those trials of versions that an upgrade leads to. */
export const withTrials = (
  canaries: readonly Canary[],
  trials: readonly Canary[],
  targets: Targets,
): Canary[] =>
  trials
    .filter(({ service, version }) => targets[service] === version)
    .reduce((all, trial) => withCanary(all, trial), [...canaries]);

/** What of an upgrade no staging stack has tried, a sentence each. Only a workshop has one to ask. */
export const untriedText = (
  { kind }: Pick<Settings, "kind">,
  trials: readonly Canary[],
  targets: Targets,
): string[] =>
  kind !== "workshop"
    ? []
    : upgradedServices.flatMap((service) => {
        const version = targets[service];
        const isTried = trials.some(
          (trial) => trial.service === service && trial.version === version,
        );
        if (version === undefined || isTried) return [];
        return [
          `No staging stack has tried ${service} ${version}: better first npx comfymulti upgrade staging --to-${service} ${version}.`,
        ];
      });
