/** What an upgrade tells people: its plan, and what came of it. */
import { namesOf, type Phase } from "./phases.ts";
import type { UpgradePlan } from "./plan.ts";
import type { UpgradeRecord } from "./record.ts";
import { versionChanges } from "./change-versions.ts";
import type { VersionSettings } from "./versions.ts";

/** Lines of the plan: each phase, what it changes, and what it is watched for. */
export function planText(stack: string, settings: VersionSettings, plan: UpgradePlan): string {
  const steps = planSteps(settings, plan).map(({ phase, changes }, index) =>
    [
      `${index + 1}. ${phase.service} ${phase.version} for ${namesOf(phase.covers)}`,
      ...Object.entries(changes).map(([key, value]) =>
        value === undefined
          ? `     comfymulti:${key} is taken away`
          : `     comfymulti:${key} = ${JSON.stringify(value)}`,
      ),
      `     watched for ${phase.limits.seconds} s: ${limitsText(phase)}`,
    ].join("\n"),
  );
  return [`Upgrade of ${stack}, ${plan.order.replace("-", " ")}:`, ...steps].join("\n");
}

/** Each phase with the settings that it changes, for people and programs. */
export function planSteps(settings: VersionSettings, { phases }: UpgradePlan) {
  let present = settings;
  return phases.map((phase) => {
    const next = phase.apply(present);
    const changes = versionChanges(present, next);
    present = next;
    return { phase, changes };
  });
}

function limitsText({ limits }: Phase): string {
  const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`;
  return [
    ...(limits.jobs > 0 ? [`at least ${limits.jobs} jobs`] : []),
    `failed > ${percent(limits.failureRate)}`,
    `GPU memory > ${percent(limits.vramShare)}`,
    `report late > ${limits.reportLateSeconds} s`,
    `restarts > ${limits.restarts}`,
    `lost attempts > ${limits.lostAttempts}`,
    `not answering > ${limits.unhealthy}`,
    `queue > ${limits.queueDepth} for ${limits.queueDepthSeconds} s`,
    `editor > ${limits.editorSeconds} s`,
  ].join(", ");
}

/** The last words. */
export function outcomeText({ id, stack, status, phases, to }: UpgradeRecord): string {
  const versions = Object.entries(to)
    .map(([service, version]) => `${service} ${version}`)
    .join(", ");
  if (status === "promoted") {
    return `Upgraded ${stack} to ${versions}. Back again: npx comfymulti rollback ${stack} (record ${id}).`;
  }
  const failed = phases.find((phase) => phase.status === "rolled-back");
  const stayed = phases.filter((phase) => phase.status === "promoted");
  return [
    `Rolled back: ${failed?.breach?.sentence ?? "a phase went wrong"}.`,
    stayed.length > 0
      ? `Phases before it stay (${stayed.map((phase) => phase.id).join(", ")}); npx comfymulti rollback ${stack} takes them back as well.`
      : "Everything is as it was before.",
  ].join(" ");
}
