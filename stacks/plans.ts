/** What the settings come to for each participant and worker. */
import { capturedVersions } from "@comfymulti/workflows";
import type { FrontendPlan } from "../components/app-server/index.ts";
import { userNames, workerNames } from "../components/naming.ts";
import type { Settings } from "./settings-schema.ts";

export interface WorkerPlan {
  readonly name: string;
  /** ComfyUI version that it runs. */
  readonly version: string;
}

/** Participants who are there: as many as `users` says, without those who were removed. */
export const participantNames = ({
  users,
  removedUsers = [],
}: Pick<Settings, "users"> & Partial<Pick<Settings, "removedUsers">>): string[] =>
  userNames(users).filter((user) => !removedUsers.includes(user));

/** Those of them whose link lets them in. */
export const admitted = <One extends { readonly id: string }>(
  { revokedUsers }: Pick<Settings, "revokedUsers">,
  participants: readonly One[],
): One[] => participants.filter(({ id }) => !revokedUsers.includes(id));

/** Which editor each participant sees. */
export function frontendPlans(
  settings: Pick<Settings, "users" | "frontendEngine" | "frontendVersion" | "frontends"> &
    Partial<Pick<Settings, "removedUsers">>,
): FrontendPlan[] {
  const { frontendEngine, frontendVersion, frontends } = settings;
  return participantNames(settings).map((user) => {
    const own = Object.entries(frontends).filter(([row]) => isIn(user, row));
    const chosen = Object.assign(
      {},
      ...own.map(([, editor]) => defined(editor)),
    ) as Partial<FrontendPlan>;
    return { user, engine: frontendEngine, version: frontendVersion, ...chosen };
  });
}

/** Which ComfyUI version each worker runs, in order. */
export function workerPlans(
  settings: Pick<Settings, "workers" | "workerVersion" | "workerVersions">,
): WorkerPlan[] {
  return workerNames(settings.workers).map((name) => ({
    name,
    version: settings.workerVersions[name] ?? settings.workerVersion,
  }));
}

/**
 * Port of a version's light frontend: each captured version has its own, so that a canary comes up
 * beside what runs.
 */
export const frontendPortOf = (settings: Pick<Settings, "frontendPort">, version: string): number =>
  settings.frontendPort + Math.max(0, capturedVersions().indexOf(version));

function isIn(user: string, row: string): boolean {
  const [first = "", last = first] = row.split("-");
  return first <= user && user <= last;
}

const defined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
