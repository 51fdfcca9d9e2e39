/** From what is wanted to the phases that lead there, or to the sentence that says why none do. */
import { capturedVersions, comfyuiVersions } from "@comfymulti/workflows";
import { because, captureHint, isCaptured, pairCell } from "../../policies/compatibility.ts";
import { compareVersions } from "../../policies/subjects/platform.ts";
import type { Settings } from "../../stacks/settings.ts";
import { VisibleError } from "../visible-error.ts";
import { phasesOf, type Phase, type PhaseOptions } from "./phases.ts";
import {
  changedNames,
  editorVersions,
  upgradedServices,
  versionsInUse,
  workerVersionsOf,
  type UpgradedService,
  type VersionSettings,
} from "./versions.ts";

/** What an upgrade leads to; what is left out stays as it is. */
export type Targets = Readonly<Partial<Record<UpgradedService, string>>>;

export const orders = ["frontends-first", "workers-first"] as const;
export type Order = (typeof orders)[number];

export interface UpgradePlan {
  readonly order: Order;
  readonly phases: readonly Phase[];
}

export interface PlanOptions extends PhaseOptions {
  /** Default: frontends first, unless only the other way round goes by the version matrix. */
  readonly order?: Order | undefined;
}

type Planned = VersionSettings & Pick<Settings, "kind" | "templates" | "images" | "frontendEngine">;

/** No order of phases leads there without putting together what does not go together. */
export class HurdleError extends VisibleError {
  override readonly name = "HurdleError";
}

/** @throws VisibleError with one sentence when there is no good way, or nothing to do */
export function planUpgrade(
  settings: Planned,
  targets: Targets,
  { order, ...options }: PlanOptions = {},
): UpgradePlan {
  requireVersions(settings, targets);
  const choices = order ? [order] : orders;
  const plans = choices.map((choice) => ({
    order: choice,
    phases: servicesIn(choice).flatMap((service) => {
      const version = targets[service];
      if (version === undefined) return [];
      return phasesOf(service, version, settings, options);
    }),
  }));
  const open = plans.map((plan) => ({ ...plan, phases: openPhases(settings, plan.phases) }));
  if (open.every(({ phases }) => phases.length === 0)) throw new VisibleError(nothingToDo(targets));
  const hurdles = open.map(({ phases }) => firstHurdle(settings, phases));
  const way = open.find((_plan, index) => hurdles[index] === undefined);
  if (way) return way;
  throw new HurdleError(hurdles.find((hurdle) => hurdle !== undefined) ?? "");
}

const servicesIn = (order: Order): readonly UpgradedService[] =>
  order === "frontends-first" ? upgradedServices : [...upgradedServices].reverse();

/** Without phases that change nothing: what an upgrade before this one has reached. */
function openPhases(settings: VersionSettings, phases: readonly Phase[]): Phase[] {
  let present = settings;
  return phases.filter(({ apply }) => {
    const next = apply(present);
    const isOpen =
      changedNames(editorVersions(present), editorVersions(next)).length > 0 ||
      changedNames(workerVersionsOf(present), workerVersionsOf(next)).length > 0;
    if (isOpen) present = next;
    return isOpen;
  });
}

/** Why one of the states on the way is not good; undefined when all are. */
function firstHurdle(settings: Planned, phases: readonly Phase[]): string | undefined {
  let present: Planned = settings;
  for (const phase of phases) {
    const before = new Set(pairsOf(present).map(String));
    present = phase.apply(present);
    for (const [frontend, worker] of pairsOf(present)) {
      // What is so already is no reason against a change.
      if (before.has(String([frontend, worker]))) continue;
      const cell = pairCell(frontend, worker, settings.templates);
      const isAhead = compareVersions(worker, frontend) > 0;
      const passes = isAhead
        ? cell.verdict === "ok" || cell.verdict === "discouraged"
        : cell.verdict !== "blocked";
      if (passes) continue;
      return `Phase ${phase.id} would put frontend ${frontend} with worker ${worker}, which is ${cell.verdict} (${because(cell)}): ${
        isAhead
          ? `upgrade the frontends to ${worker} first (--to-frontend ${worker})`
          : `see npx comfymulti workflows check --worker ${worker}`
      }.`;
    }
  }
  return undefined;
}

const pairsOf = (settings: VersionSettings): (readonly [string, string])[] =>
  versionsInUse(settings, "frontend").flatMap((frontend) =>
    versionsInUse(settings, "worker").map((worker) => [frontend, worker] as const),
  );

function nothingToDo(targets: Targets): string {
  const told = upgradedServices.flatMap((service) =>
    targets[service] === undefined ? [] : `every ${service} has ${targets[service]} already`,
  );
  return `Nothing to upgrade: ${told.join(", and ")}.`;
}

/** @throws VisibleError for a version that is not known, or that the stack has no image of */
function requireVersions({ kind, images, frontendEngine }: Planned, targets: Targets): void {
  if (Object.keys(targets).length === 0) {
    throw new VisibleError(
      `Say what to upgrade to: --to VERSION for all, or --to-frontend and --to-worker. There is ${capturedVersions().join(", ")}.`,
    );
  }
  for (const service of upgradedServices) {
    const version = targets[service];
    if (version === undefined) continue;
    if (!isCaptured(version)) {
      throw new VisibleError(
        `ComfyUI ${version} can't be upgraded to, because nothing is known of its nodes: ${captureHint(version)}.`,
      );
    }
    if (kind === "local") {
      if (service === "frontend" && !comfyuiVersions[version]?.wheel) {
        throw new VisibleError(
          `The frontend package of ComfyUI ${version} is not pinned by hash: choose another --to-frontend.`,
        );
      }
      continue;
    }
    const image =
      service === "frontend" && frontendEngine !== "light" ? "comfyuiFrontend" : service;
    if (images?.[image][version] === undefined) {
      throw new VisibleError(
        `comfymulti:images.${image} has no image of ComfyUI ${version}: build it, push it and add its digest.`,
      );
    }
  }
}
