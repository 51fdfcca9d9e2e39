/**
 * The phases of an upgrade as data: who gets the new version when, and how closely it is watched.
 * A phase is a change of settings; nothing else of an upgrade knows what a phase covers.
 */
import { workerNames } from "../../components/naming.ts";
import { frontendPlans, participantNames } from "../../stacks/plans.ts";
import type { Settings } from "../../stacks/settings.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { UpgradedService, VersionSettings } from "./versions.ts";

export interface Phase {
  /** `frontend-canary`: names it in the record. */
  readonly id: string;
  readonly service: UpgradedService;
  /** Version that those of the phase get. */
  readonly version: string;
  /**
   * Participants or workers that have the new version once the phase is done; nobody by name where
   * replicas start on demand.
   */
  readonly covers: readonly string[];
  readonly limits: Limits;
  /** Settings with the phase in force. */
  readonly apply: <Given extends VersionSettings>(settings: Given) => Given;
}

interface Scope {
  readonly name: string;
  /** How many of them, counted as `from` says; undefined: everybody. */
  readonly size: ((all: number) => number) | undefined;
  readonly limits: Partial<Limits>;
}

/** What a policy asks of a canary before a version reaches the fleet. */
const CANARY_JOBS = 10;
/** One of this many participants at most is a canary: the last batch of five of twenty. */
const BATCH_SHARE = 4;

/** Of one alone, whether others come after or it is all there is, as on a staging stack. */
const canaryLimits: Partial<Limits> = {
  jobs: CANARY_JOBS,
  restarts: 0,
  lostAttempts: 0,
  unhealthy: 0,
};

/** Participants from the last on: the first ones are who leads batches. */
const frontendScopes: readonly Scope[] = [
  { name: "canary", size: () => 1, limits: canaryLimits },
  {
    name: "batch",
    size: (all) => Math.floor(all / BATCH_SHARE),
    limits: { jobs: CANARY_JOBS, restarts: 1, unhealthy: 1, queueDepth: 50 },
  },
  { name: "all", size: undefined, limits: { failureRate: 0.05 } },
];

/** Workers from the first on. */
const workerScopes: readonly Scope[] = [
  { name: "canary", size: () => 1, limits: canaryLimits },
  { name: "all", size: undefined, limits: {} },
];

export interface PhaseOptions {
  /** Watch window of every phase instead of its own, seconds: for rehearsals. */
  readonly watchSeconds?: number | undefined;
}

type PhasedSettings = Pick<Settings, "users" | "workers"> &
  Partial<Pick<Settings, "removedUsers" | "revokedUsers">>;

/** Who can open an editor: nobody else can try one. */
const peopleOf = ({ revokedUsers = [], ...settings }: PhasedSettings): string[] =>
  participantNames(settings).filter((user) => !revokedUsers.includes(user));

/**
 * Phases that bring one service to a version. Scopes that come to nobody, or to as many as the one
 * before or the whole, are left out: four participants have no batch, one worker has no canary.
 */
export function phasesOf(
  service: UpgradedService,
  version: string,
  settings: PhasedSettings,
  { watchSeconds }: PhaseOptions = {},
): Phase[] {
  const everybody = service === "frontend" ? peopleOf(settings) : workerNames(settings.workers);
  const scopes = service === "frontend" ? frontendScopes : workerScopes;
  const sizes = new Set<number>();
  return scopes.flatMap(({ name, size, limits }) => {
    const count = size?.(everybody.length) ?? everybody.length;
    const isWhole = size === undefined;
    if (!isWhole && (count < 1 || count >= everybody.length || sizes.has(count))) return [];
    sizes.add(count);
    const covers =
      service === "frontend"
        ? everybody.slice(everybody.length - count)
        : everybody.slice(0, count);
    const phase: Phase = {
      id: `${service}-${name}`,
      service,
      version,
      covers,
      limits: {
        ...defaultLimits,
        ...(everybody.length > 1 ? limits : canaryLimits),
        ...(watchSeconds !== undefined && { seconds: watchSeconds }),
      },
      apply: (settings) =>
        service === "frontend"
          ? { ...settings, ...withEditors(settings, version, isWhole ? "all" : covers) }
          : { ...settings, ...withWorkers(settings, version, isWhole ? "all" : covers) },
    };
    return [phase];
  });
}

/** The last phase folds the overrides of the ones before it into the one version. */
function withEditors(
  settings: VersionSettings,
  version: string,
  covers: readonly string[] | "all",
): Partial<VersionSettings> {
  if (covers === "all") {
    const entries = Object.entries(settings.frontends).flatMap(([row, { engine }]) =>
      engine === undefined ? [] : [[row, { engine }] as const],
    );
    return { frontendVersion: version, frontends: Object.fromEntries(entries) };
  }
  const plans = frontendPlans(settings).filter(({ user }) => covers.includes(user));
  if (plans.every((plan) => plan.version === version)) return {};
  const row = rowOf(covers);
  if (!Object.hasOwn(settings.frontends, row)) {
    return { frontends: { ...settings.frontends, [row]: { version } } };
  }
  // The later entry wins, and a key keeps its place: who has one already gets it anew, last.
  const others = Object.entries(settings.frontends).filter(([key]) => !covers.includes(key));
  const own = plans.map(({ user, engine }) => [user, { version, engine }] as const);
  return { frontends: Object.fromEntries([...others, ...own]) };
}

function withWorkers(
  settings: VersionSettings,
  version: string,
  covers: readonly string[] | "all",
): Partial<VersionSettings> {
  if (covers === "all") return { workerVersion: version, workerVersions: {} };
  const own = Object.fromEntries(covers.map((name) => [name, version]));
  return { workerVersions: { ...settings.workerVersions, ...own } };
}

/** Those of a phase, for people. */
export const namesOf = (covers: readonly string[]): string =>
  covers.length === 0 ? "replicas that start on demand" : covers.join(", ");

/** `user016-user020`, as settings name a row of participants. */
export function rowOf(names: readonly string[]): string {
  const [first = "", last = first] = [names.at(0), names.at(-1)];
  return first === last ? first : `${first}-${last}`;
}
