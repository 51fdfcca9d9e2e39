/** What exists on the simulated Verda at one moment, for tests and the inspector. */
import { meterCost } from "./billing.ts";
import { presentInstances } from "./instances.ts";
import { existingVolumes, volumesOf } from "./volumes.ts";
import type { World } from "./world.ts";

/** Something that costs money as long as it is there. */
export interface BillableThing {
  readonly id: string;
  readonly kind: "instance" | "volume" | "deployment";
  readonly name: string;
  readonly pricePerHour: number;
  /** Simulated time since when this price holds. */
  readonly since: string;
  /** Spent since then. */
  readonly cost: number;
}

export interface Inventory {
  /** Instances that have not ended. */
  readonly instances: readonly {
    readonly id: string;
    readonly hostname: string;
    readonly status: string;
    readonly location: string;
    readonly instance_type: string;
    readonly is_spot: boolean;
    readonly description: string;
    readonly volume_ids: readonly string[];
  }[];
  /** Volumes that exist; those in the trash too, which are billed until they are erased. */
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly status: string;
    readonly type: string;
    readonly size: number;
    readonly location: string;
    readonly is_os_volume: boolean;
    readonly inTrash: boolean;
    readonly instance_ids: readonly string[];
  }[];
  readonly sshKeys: readonly { readonly id: string; readonly name: string }[];
  readonly startupScripts: readonly { readonly id: string; readonly name: string }[];
  readonly deployments: readonly {
    readonly name: string;
    readonly status: string;
    readonly replicas: number;
  }[];
  /** Names and kinds; never values. */
  readonly secrets: readonly { readonly name: string; readonly secret_type: string }[];
  readonly registryCredentials: readonly { readonly name: string }[];
  readonly billable: readonly BillableThing[];
}

/** The caller has settled the world. */
export function takeInventory(world: World, now: number): Inventory {
  const { state } = world;
  const names = (list: Readonly<Record<string, { id: string; name: string }>>) =>
    Object.values(list).map(({ id, name }) => ({ id, name }));
  return {
    instances: presentInstances(world).map((one) => ({
      id: one.id,
      hostname: one.hostname,
      status: one.status,
      location: one.location,
      instance_type: one.instance_type,
      is_spot: one.is_spot,
      description: one.description,
      volume_ids: volumesOf(world, one.id).map(({ id }) => id),
    })),
    volumes: existingVolumes(world).map((one) => ({
      id: one.id,
      name: one.name,
      status: one.status,
      type: one.type,
      size: one.size,
      location: one.location,
      is_os_volume: one.is_os_volume,
      inTrash: one.status === "deleted",
      instance_ids: one.instance_ids,
    })),
    sshKeys: names(state.sshKeys),
    startupScripts: names(state.scripts),
    deployments: Object.values(state.deployments).map(({ name, status, replicas }) => ({
      name,
      status,
      replicas: replicas.length,
    })),
    secrets: Object.values(state.secrets).map(({ name, secret_type }) => ({ name, secret_type })),
    registryCredentials: Object.values(state.registryCredentials).map(({ name }) => ({ name })),
    billable: Object.values(state.meters).map((meter) => ({
      id: meter.id,
      kind: meter.kind,
      name: nameOf(world, meter),
      pricePerHour: meter.pricePerHour,
      since: new Date(meter.since).toISOString(),
      cost: meterCost(meter, now),
    })),
  };
}

function nameOf({ state }: World, { kind, id }: Pick<BillableThing, "kind" | "id">): string {
  if (kind === "instance") return state.instances[id]?.hostname ?? id;
  return kind === "volume" ? (state.volumes[id]?.name ?? id) : id;
}
