/** Records in the form that the API answers with. */
import { findInstanceType, hardwareOf } from "../catalogue/instance-types.ts";
import { monthlyPriceOf } from "../catalogue/volume-types.ts";
import { HOURS_IN_MONTH } from "../world/billing.ts";
import type { DeploymentRecord, InstanceRecord, VolumeRecord } from "../world/state.ts";
import { isShared } from "../world/volume-steps.ts";
import { volumesOf } from "../world/volumes.ts";
import type { World } from "../world/world.ts";

/** RFC 3339 with milliseconds. */
export const timeText = (at: number): string => new Date(at).toISOString();

/** The system disk is not known before it is made. */
const BEFORE_DISK = ["ordered", "new", "no_capacity"];

export function instanceView(world: World, instance: InstanceRecord) {
  const type = findInstanceType(instance.instance_type);
  return {
    id: instance.id,
    status: instance.status,
    instance_type: instance.instance_type,
    image: instance.image,
    os_name: instance.image,
    hostname: instance.hostname,
    description: instance.description,
    location: instance.location,
    ip: instance.ip,
    created_at: timeText(instance.createdAt),
    created_by_user_id: null,
    ssh_key_ids: instance.ssh_key_ids,
    startup_script_id: instance.startup_script_id,
    os_volume_id: BEFORE_DISK.includes(instance.status) ? null : instance.systemDisk,
    volume_ids: volumesOf(world, instance.id).map(({ id }) => id),
    price_per_hour: instance.price_per_hour,
    is_spot: instance.is_spot,
    contract: instance.contract,
    pricing: "FIXED_PRICE",
    ...(type && hardwareOf(type)),
    jupyter_token: null,
    tags: instance.tags,
  };
}

export function volumeView(world: World, volume: VolumeRecord) {
  const { currency } = world.settings;
  const monthlyPrice = monthlyPriceOf(volume.type, currency) * volume.size;
  const instances = volume.instance_ids.flatMap((id) => world.state.instances[id] ?? []);
  return {
    id: volume.id,
    name: volume.name,
    status: volume.status,
    type: volume.type,
    size: volume.size,
    created_at: timeText(volume.createdAt),
    is_os_volume: volume.is_os_volume,
    location: volume.location,
    instance_id: volume.instance_ids[0] ?? null,
    instances: instances.map((instance) => ({
      id: instance.id,
      ip: instance.ip,
      instance_type: instance.instance_type,
      status: instance.status,
      os_volume_id: instance.systemDisk,
      hostname: instance.hostname,
      auto_rental_extension: null,
    })),
    target: volume.target,
    ssh_key_ids: instances[0]?.ssh_key_ids ?? [],
    ...mountCommands(volume),
    contract: "PAY_AS_YOU_GO",
    base_hourly_cost: monthlyPrice / HOURS_IN_MONTH,
    monthly_price: monthlyPrice,
    currency,
    long_term: null,
    tags: volume.tags,
    ...(volume.deletedAt !== undefined && {
      deleted_at: timeText(volume.deletedAt),
      is_permanently_deleted: volume.erased,
    }),
  };
}

/** Also on block volumes, where they mean nothing, as the OpenAPI document's examples have it. */
function mountCommands(volume: VolumeRecord) {
  const directory = `/mnt/${volume.name.replaceAll(/[^\w.-]/g, "-")}`;
  const source = `nfs.${volume.location.toLowerCase()}.datacrunch.io:${volume.pseudoPath}`;
  const line = `${source} ${directory} nfs defaults,nconnect=16 0 0`;
  return {
    pseudo_path: isShared(volume) ? volume.pseudoPath : volume.pseudoPath.slice(1),
    create_directory_command: `mkdir -p ${directory}`,
    mount_command: `mount -t nfs -o nconnect=16 ${source} ${directory}`,
    filesystem_to_fstab_command: `grep -qxF '${line}' /etc/fstab || echo '${line}' | sudo tee -a /etc/fstab`,
  };
}

export function deploymentView(world: World, deployment: DeploymentRecord) {
  const { name, is_verda_io: onNewDomain } = deployment;
  const host = onNewDomain ? "https://containers.verda.com" : world.settings.containersUrl;
  return {
    name,
    is_spot: deployment.is_spot,
    endpoint_base_url: `${host.replace(/\/$/, "")}/${name}`,
    created_at: timeText(deployment.createdAt),
    compute: deployment.compute,
    container_registry_settings: deployment.container_registry_settings,
    containers: deployment.containers.map(({ imageUpdatedAt, ...container }) => ({
      ...container,
      image: { image: container.image, last_updated_at: timeText(imageUpdatedAt) },
    })),
  };
}

const REPLICA_STATUS: Partial<Record<DeploymentRecord["status"], string>> = {
  healthy: "running",
  image_pulling: "imagepulling",
  terminating: "terminating",
  unhealthy: "error",
};

export const replicasView = ({ replicas, status }: DeploymentRecord) => ({
  list: replicas.map(({ id, startedAt }) => ({
    id,
    status: REPLICA_STATUS[status] ?? "initializing",
    started_at: timeText(startedAt),
  })),
});

export const environmentView = ({ containers }: DeploymentRecord) =>
  containers.map(({ name, env }) => ({ container_name: name, env }));
