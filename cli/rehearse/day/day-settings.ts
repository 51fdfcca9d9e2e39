/** A workshop's settings as its rehearsed day has them: processes of this machine, machines of Verda's simulator. */
import type { Settings } from "../../../stacks/settings.ts";
import type { Versions } from "../steps.ts";

/** What matters on the day, and means the same on this machine. */
const KEPT = [
  "users",
  "templates",
  "budget",
  "vatPercent",
  "maxQueueDepth",
  "userPendingLimit",
  "queuePolicy",
  "modelAffinitySeconds",
  "modelAffinityPasses",
  "maxAttempts",
  "maxWorkerLosses",
  "historyPerUser",
  "historyDays",
  "migratePrompts",
  "userUploadGib",
  "executionTimeoutSeconds",
  "jobTimeoutSeconds",
] as const satisfies readonly (keyof Settings)[];

/** Workers instead of replicas, which no rehearsal on one machine has. */
const WORKERS_FOR_REPLICAS = 3;
/** A short clock: whoever waits for a lost worker's job waits this long, seconds. */
const LEASE_SECONDS = 5;
const HOUR_MS = 3_600_000;
/** Rented for a day, as far as forecasts go. */
const HOURS = 12;

/** Services of one stack use ports from the first on, ten apart. */
const PORTS_APART = 10;

export interface DayOptions {
  /** Simulated seconds a second, of ComfyUI's work. */
  readonly speed: number;
  /** Of the versions that the day begins with and that an upgrade tries. */
  readonly worker: Versions;
  /** First of the ports that are used: fifty from there on have to be free. */
  readonly firstPort: number;
  readonly began: Date;
}

/** @returns full keys, as a stack's file has them */
export function daySettings(
  settings: Settings,
  { speed, worker, firstPort, began }: DayOptions,
): Record<string, unknown> {
  const { workers, fleet } = settings;
  const kept = KEPT.flatMap((name) =>
    settings[name] === undefined ? [] : [[name, settings[name]] as const],
  );
  const ports = ["gatewayPort", "redisPort", "frontendPort", "comfyuiPort", "workerHealthPort"];
  const own = {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(ports.map((name, index) => [name, firstPort + index * PORTS_APART])),
    kind: "local",
    // Editors go first: they have the newer version already.
    frontendVersion: worker.newer,
    workerVersion: worker.older ?? worker.newer,
    workers: workers === 0 ? WORKERS_FOR_REPLICAS : workers,
    leaseSeconds: LEASE_SECONDS,
    simulationSpeed: speed,
    endsAt: new Date(began.getTime() + HOURS * HOUR_MS).toISOString(),
    // Machines that may be taken back: on this day one will be. Nothing on them is worth keeping.
    ...(workers > 0 && { fleet: { ...fleet, spot: true, protectVolumes: false } }),
    policyLevels: {
      ...settings.policyLevels,
      "spot-only-in-staging": "disabled",
      "protected-data-volumes": "disabled",
    },
  };
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [`comfymulti:${name}`, value]),
  );
}
