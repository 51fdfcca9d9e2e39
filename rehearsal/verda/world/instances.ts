/** What can be done with instances, and what is refused. */
import { randomUUID } from "node:crypto";
import { findImage } from "../catalogue/images.ts";
import { findInstanceType, pricesOf } from "../catalogue/instance-types.ts";
import { isLocation } from "../catalogue/locations.ts";
import { balanceAt, setPrice } from "./billing.ts";
import { endInstance, setInstanceStatus, schedule } from "./instance-steps.ts";
import { insufficientFunds, invalid, noCapacity, notFound } from "./refusal.ts";
import type { InstanceRecord, VolumeRecord, VolumeType } from "./state.ts";
import { isShared, passThrough } from "./volume-steps.ts";
import {
  addVolume,
  beginDelete,
  checkNewVolumes,
  findVolume,
  isFree,
  release,
  volumesOf,
} from "./volumes.ts";
import type { World } from "./world.ts";

/** GB of a system disk when the order does not say. */
const SYSTEM_DISK_GIGABYTES = 50;

type SpotEnd = VolumeRecord["onSpotEnd"];

export interface InstanceOrder {
  readonly instance_type: string;
  readonly image: string;
  readonly hostname: string;
  readonly description: string;
  readonly location_code: string;
  readonly ssh_key_ids: readonly string[];
  readonly startup_script_id?: string | undefined;
  readonly os_volume?: OrderedVolume | undefined;
  readonly volumes: readonly (OrderedVolume & { readonly type: VolumeType })[];
  readonly existing_volumes: readonly string[];
  readonly is_spot: boolean;
  readonly contract?: InstanceRecord["contract"] | undefined;
  readonly tags: InstanceRecord["tags"];
}

interface OrderedVolume {
  readonly name: string;
  readonly size: number;
  readonly on_spot_discontinue?: SpotEnd | undefined;
  readonly tags?: VolumeRecord["tags"] | undefined;
}

const ENDED = ["discontinued", "notfound"];

export function findInstance(world: World, id: string): InstanceRecord {
  const instance = Object.hasOwn(world.state.instances, id) ? world.state.instances[id] : undefined;
  if (!instance) throw notFound("Invalid instance id");
  return instance;
}

/** Instances that have not ended. */
export const presentInstances = (world: World): InstanceRecord[] =>
  Object.values(world.state.instances).filter(({ status }) => !ENDED.includes(status));

/** How many more of the type the location can hold. */
export function freeCapacity(world: World, location: string, instanceType: string): number {
  const used = presentInstances(world).filter(
    (one) =>
      one.location === location &&
      one.instance_type === instanceType &&
      one.status !== "no_capacity",
  );
  return world.capacity(location, instanceType) - used.length;
}

/** Orders an instance. `fate`: how it ends instead of `running`. */
export function orderInstance(
  world: World,
  now: number,
  order: InstanceOrder,
  fate?: InstanceRecord["fate"],
): InstanceRecord {
  const type = findInstanceType(order.instance_type);
  if (!type) throw invalid("Invalid instance type");
  if (!isLocation(order.location_code)) throw invalid("Invalid location code");
  const { sshKeys, scripts } = world.state;
  for (const id of order.ssh_key_ids) {
    if (!Object.hasOwn(sshKeys, id)) throw invalid("invalid ssh-key id");
  }
  const script = order.startup_script_id;
  if (script !== undefined && !Object.hasOwn(scripts, script)) {
    throw invalid("invalid startup script id");
  }
  refuseSpotEnds(order);
  const startDisk = imageDisk(world, order);
  const existing = order.existing_volumes.map((id) => usable(world, id, order.location_code));
  const newDisks = [
    ...(startDisk ? [] : [{ type: "NVMe", size: order.os_volume?.size ?? SYSTEM_DISK_GIGABYTES }]),
    ...order.volumes,
  ].map((disk) => ({ ...disk, location: order.location_code }));
  refuseOverQuota(world, type.gpus);
  checkNewVolumes(world, now, newDisks);
  if (balanceAt(world.state, now) <= 0) throw insufficientFunds();
  if (freeCapacity(world, order.location_code, order.instance_type) < 1) throw noCapacity();

  const prices = pricesOf(type, world.settings.currency);
  const instance: InstanceRecord = {
    id: randomUUID(),
    status: "ordered",
    instance_type: order.instance_type,
    image: order.image,
    hostname: order.hostname,
    description: order.description,
    location: order.location_code,
    ip: null,
    createdAt: now,
    ssh_key_ids: [...order.ssh_key_ids],
    startup_script_id: script ?? null,
    systemDisk: null,
    newVolumes: [],
    is_spot: order.is_spot,
    contract: order.is_spot ? "SPOT" : (order.contract ?? "PAY_AS_YOU_GO"),
    price_per_hour: order.is_spot ? prices.spot : prices.onDemand,
    tags: order.tags,
    ...(fate && { fate }),
  };
  world.state.instances[instance.id] = instance;
  world.note(
    now,
    "instance",
    instance.id,
    `${instance.hostname}: ordered, ${instance.instance_type} in ${instance.location}`,
  );
  schedule(instance, now, world.settings.durations.ordered, "provisioning");
  setPrice(world.state, now, {
    kind: "instance",
    id: instance.id,
    pricePerHour: instance.price_per_hour,
  });
  addDisks(world, now, instance, order, startDisk, existing);
  return instance;
}

function addDisks(
  world: World,
  now: number,
  instance: InstanceRecord,
  order: InstanceOrder,
  startDisk: VolumeRecord | undefined,
  existing: readonly VolumeRecord[],
): void {
  const add = (disk: OrderedVolume, type: VolumeType, image?: string) => {
    const volume = addVolume(
      world,
      now,
      {
        name: disk.name,
        type,
        size: disk.size,
        location: instance.location,
        onSpotEnd: disk.on_spot_discontinue ?? "keep_detached",
        tags: disk.tags ?? [],
        ...(image !== undefined && { image }),
      },
      [instance],
    );
    instance.newVolumes.push(volume.id);
    return volume;
  };
  if (startDisk) {
    startDisk.target = "vda";
    connect(world, now, startDisk, instance);
    instance.systemDisk = startDisk.id;
  } else {
    const disk = order.os_volume ?? {
      name: `OS-${order.hostname}`,
      size: SYSTEM_DISK_GIGABYTES,
    };
    instance.systemDisk = add(disk, "NVMe", order.image).id;
  }
  for (const disk of order.volumes) add(disk, disk.type);
  for (const volume of existing) connect(world, now, volume, instance);
}

function connect(world: World, now: number, volume: VolumeRecord, instance: InstanceRecord): void {
  volume.instance_ids = [...volume.instance_ids, instance.id];
  passThrough(world, volume, now, "attaching", "ready");
}

/** The detached system disk that stands for the image, if it is none of the catalogue. */
function imageDisk(
  world: World,
  { image, location_code }: InstanceOrder,
): VolumeRecord | undefined {
  if (findImage(image)) return undefined;
  const disk = Object.hasOwn(world.state.volumes, image) ? world.state.volumes[image] : undefined;
  if (!disk?.is_os_volume || !isFree(disk)) throw invalid("Invalid image");
  if (disk.location !== location_code)
    throw invalid("Volume and instance are in different locations");
  return disk;
}

function usable(world: World, id: string, location: string): VolumeRecord {
  const volume = findVolume(world, id);
  const free = isFree(volume) || (isShared(volume) && volume.status === "attached");
  if (!free) throw invalid(`Volume ${id} is not detached`);
  if (volume.location !== location) throw invalid("Volume and instance are in different locations");
  return volume;
}

function refuseSpotEnds({ is_spot, os_volume, volumes }: InstanceOrder): void {
  if (is_spot) return;
  const ends = [os_volume, ...volumes].map((volume) => volume?.on_spot_discontinue);
  if (ends.includes("delete_permanently")) {
    throw invalid("on_spot_discontinue delete_permanently is only allowed for spot instances");
  }
}

function refuseOverQuota(world: World, gpus: number): void {
  const { quota } = world.settings;
  const present = presentInstances(world);
  if (present.length + 1 > quota.instances) throw invalid("Instance limit exceeded");
  const used = present.reduce(
    (sum, { instance_type }) => sum + (findInstanceType(instance_type)?.gpus ?? 0),
    0,
  );
  if (used + gpus > quota.gpus) throw invalid("GPU limit exceeded");
}

/** @returns false when it is off already */
export function shutDown(world: World, now: number, instance: InstanceRecord): boolean {
  if (instance.status === "offline") return false;
  if (instance.status !== "running") throw notAllowed("shutdown", instance);
  world.note(now, "instance", instance.id, `${instance.hostname}: shuts down`);
  schedule(instance, now, world.settings.durations.shutdown, "offline");
  return true;
}

/** @returns false when it runs already */
export function start(world: World, now: number, instance: InstanceRecord): boolean {
  if (instance.status === "running") return false;
  if (instance.status !== "offline") throw notAllowed("start", instance);
  setInstanceStatus(world, instance, "provisioning", now);
  schedule(instance, now, world.settings.durations.start, "running");
  return true;
}

const notAllowed = (action: string, { status }: InstanceRecord) =>
  invalid(`Can't ${action} a ${status} instance`);

/**
 * Ends an instance.
 *
 * @param listed volumes to delete; without a list the system disk, with an empty one none
 * @returns false when it is being deleted already
 */
export function deleteInstance(
  world: World,
  now: number,
  instance: InstanceRecord,
  { listed, permanently }: { listed?: readonly string[] | undefined; permanently: boolean },
): boolean {
  if (instance.status === "deleting") return false;
  if (ENDED.includes(instance.status)) throw invalid("Can't discontinue a discontinued instance");
  const volumes = volumesOf(world, instance.id);
  for (const id of listed ?? []) {
    if (!volumes.some((volume) => volume.id === id)) throw invalid("Invalid volume id");
  }
  const keepSystemDisk = instance.is_spot && world.settings.deviations.systemDiskOutlivesSpot;
  const goes = (volume: VolumeRecord): boolean =>
    listed ? listed.includes(volume.id) : volume.id === instance.systemDisk && !keepSystemDisk;
  for (const volume of volumes) {
    if (goes(volume)) beginDelete(world, now, volume, permanently);
    else release(world, now, volume, instance.id);
  }
  setInstanceStatus(world, instance, "deleting", now);
  schedule(instance, now, world.settings.durations.delete, "discontinued");
  return true;
}

/** Verda takes a spot instance back: at once, without a call by its user. */
export function evictSpot(world: World, now: number, instance: InstanceRecord): void {
  if (!instance.is_spot) throw invalid(`${instance.hostname} is no spot instance`);
  if (ENDED.includes(instance.status)) throw invalid(`${instance.hostname} has ended already`);
  world.note(now, "instance", instance.id, `${instance.hostname}: evicted`);
  for (const volume of volumesOf(world, instance.id)) {
    if (isShared(volume) || volume.onSpotEnd === "keep_detached") {
      release(world, now, volume, instance.id);
    } else beginDelete(world, now, volume, volume.onSpotEnd === "delete_permanently");
  }
  endInstance(world, instance, now);
}
