/** What can be done with volumes, and what is refused. */
import { randomBytes, randomUUID } from "node:crypto";
import { isLocation } from "../catalogue/locations.ts";
import { forbidden, insufficientFunds, invalid, notFound } from "./refusal.ts";
import { balanceAt } from "./billing.ts";
import type { InstanceRecord, VolumeRecord, VolumeType } from "./state.ts";
import { erase, isShared, meterVolume, passThrough, restingStatus } from "./volume-steps.ts";
import type { World } from "./world.ts";

export interface NewVolume {
  readonly name: string;
  readonly type: VolumeType;
  /** GB */
  readonly size: number;
  readonly location: string;
  readonly tags?: VolumeRecord["tags"];
  readonly onSpotEnd?: VolumeRecord["onSpotEnd"];
  /** Of a system disk: what it is made from. */
  readonly image?: string;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

export function findVolume(world: World, id: string): VolumeRecord {
  const volume = Object.hasOwn(world.state.volumes, id) ? world.state.volumes[id] : undefined;
  if (!volume) throw notFound("Invalid volume id");
  return volume;
}

/** Volumes that count toward quota and cost: those in the trash too. */
export const existingVolumes = (world: World): VolumeRecord[] =>
  Object.values(world.state.volumes).filter(({ erased }) => !erased);

export const volumesOf = (world: World, instanceId: string): VolumeRecord[] =>
  existingVolumes(world).filter(({ instance_ids }) => instance_ids.includes(instanceId));

/** Refuses what quota, location, type or money do not allow. */
export function checkNewVolumes(
  world: World,
  now: number,
  volumes: readonly { type: string; size: number; location: string }[],
): void {
  const { quota } = world.settings;
  for (const { type, location } of volumes) {
    if (!isLocation(location)) throw invalid("Invalid location code");
    if (type === "HDD") throw invalid("HDD volumes can no longer be created");
  }
  const existing = existingVolumes(world);
  if (existing.length + volumes.length > quota.volumes) throw invalid("Volume limit exceeded");
  const gigabytes = [...existing, ...volumes].reduce((sum, { size }) => sum + size, 0);
  if (gigabytes > quota.storageGigabytes) throw invalid("Storage limit exceeded");
  if (balanceAt(world.state, now) <= 0) throw insufficientFunds();
}

/** Makes a volume, used by the instances from the start. The caller has checked that it may. */
export function addVolume(
  world: World,
  now: number,
  wanted: NewVolume,
  instances: readonly InstanceRecord[] = [],
): VolumeRecord {
  const id = randomUUID();
  const volume: VolumeRecord = {
    id,
    name: wanted.name,
    type: wanted.type,
    size: wanted.size,
    location: wanted.location,
    status: "ordered",
    is_os_volume: wanted.image !== undefined,
    ...(wanted.image !== undefined && { image: wanted.image }),
    createdAt: now,
    instance_ids: instances.map((instance) => instance.id),
    target: isShared(wanted) || !instances[0] ? null : freeTarget(world, instances[0].id),
    pseudoPath: `/${wanted.name.replaceAll(/[^\w-]/g, "-")}-${randomBytes(6).toString("hex")}`,
    onSpotEnd: wanted.onSpotEnd ?? "keep_detached",
    tags: wanted.tags ?? [],
    erased: false,
    eraseNext: false,
    next: { at: now + world.settings.durations.volume * 1000, to: "ready" },
  };
  world.state.volumes[id] = volume;
  meterVolume(world, volume, now);
  world.note(
    now,
    "volume",
    id,
    `${volume.name}: ordered, ${volume.size} GB ${volume.type} in ${volume.location}`,
  );
  return volume;
}

/** The next name of a disk in the machine: `vda` for the system disk, then `vdb`, … */
function freeTarget(world: World, instanceId: string): string {
  const taken = volumesOf(world, instanceId).map(({ target }) => target);
  const letter = [...LETTERS].find((one) => !taken.includes(`vd${one}`));
  return `vd${letter ?? "z"}`;
}

const BUSY = ["ordered", "attaching", "detaching", "deleting", "cloning", "restoring"];

function refuseBusy({ status }: VolumeRecord): void {
  if (status === "deleted") throw invalid("Volume is deleted");
  if (BUSY.includes(status)) throw invalid(`Volume is busy: its status is ${status}`);
}

/** Block volumes change only while their instance is off, by the documentation and the Python SDK. */
function refuseRunning(world: World, instanceIds: readonly string[], what: string): void {
  if (world.settings.deviations.attachWhileRunning) return;
  for (const id of instanceIds) {
    if (world.state.instances[id]?.status !== "offline") {
      throw forbidden(`Instance must be shut down to ${what} a volume`);
    }
  }
}

export function attach(
  world: World,
  now: number,
  volume: VolumeRecord,
  instances: readonly InstanceRecord[],
): void {
  refuseBusy(volume);
  if (instances.length === 0) throw invalid("instance_id should not be null or undefined");
  for (const { location, status } of instances) {
    if (location !== volume.location)
      throw invalid("Volume and instance are in different locations");
    if (["discontinued", "deleting", "no_capacity", "notfound"].includes(status)) {
      throw invalid("Invalid instance id");
    }
  }
  const ids = instances.map(({ id }) => id);
  if (!isShared(volume)) {
    if (volume.instance_ids.length > 0) throw invalid("Volume is already attached");
    if (ids.length > 1) throw invalid("A block volume can be attached to one instance only");
    refuseRunning(world, ids, "attach");
    volume.target = freeTarget(world, ids[0] ?? "");
  }
  volume.instance_ids = [...new Set([...volume.instance_ids, ...ids])];
  passThrough(world, volume, now, "attaching", "ready");
}

/** Takes the volume from one instance, or from all. */
export function detach(world: World, now: number, volume: VolumeRecord, instanceId?: string): void {
  refuseBusy(volume);
  if (volume.instance_ids.length === 0) throw invalid("Volume is not attached");
  if (instanceId !== undefined && !volume.instance_ids.includes(instanceId)) {
    throw invalid("Volume is not attached to this instance");
  }
  if (!isShared(volume)) {
    if (volume.is_os_volume) throw invalid("An OS volume cannot be detached");
    refuseRunning(world, volume.instance_ids, "detach");
  }
  release(world, now, volume, instanceId);
}

/** Lets go of one instance, or of all, whatever they do: also used when an instance ends. */
export function release(
  world: World,
  now: number,
  volume: VolumeRecord,
  instanceId?: string,
): void {
  const others = volume.instance_ids.filter((id) => instanceId !== undefined && id !== instanceId);
  if (others.length > 0) {
    volume.instance_ids = others;
    world.note(now, "volume", volume.id, `${volume.name}: no longer shared with one instance`);
  } else passThrough(world, volume, now, "detaching", "unused");
}

export function rename(world: World, now: number, volume: VolumeRecord, name: string): void {
  if (volume.status === "deleted") throw invalid("Volume is deleted");
  world.note(now, "volume", volume.id, `${volume.name}: renamed to ${name}`);
  volume.name = name;
}

export function resize(world: World, now: number, volume: VolumeRecord, size: number): void {
  refuseBusy(volume);
  if (volume.type === "HDD") throw invalid("HDD volumes can no longer be resized");
  if (size <= volume.size) throw invalid("New size must be larger than the current size");
  if (!isShared(volume)) refuseRunning(world, volume.instance_ids, "resize");
  const gigabytes = existingVolumes(world).reduce((sum, one) => sum + one.size, size - volume.size);
  if (gigabytes > world.settings.quota.storageGigabytes) throw invalid("Storage limit exceeded");
  world.note(now, "volume", volume.id, `${volume.name}: ${volume.size} → ${size} GB`);
  volume.size = size;
  meterVolume(world, volume, now);
}

/** @returns the copy */
export function clone(
  world: World,
  now: number,
  volume: VolumeRecord,
  wanted: {
    name?: string | undefined;
    type?: VolumeType | undefined;
    location?: string | undefined;
  },
): VolumeRecord {
  refuseBusy(volume);
  const type = wanted.type ?? volume.type;
  const location = wanted.location ?? volume.location;
  checkNewVolumes(world, now, [{ type, size: volume.size, location }]);
  const copy = addVolume(world, now, {
    name: wanted.name ?? `${volume.name}-clone`,
    type,
    size: volume.size,
    location,
    ...(volume.image !== undefined && { image: volume.image }),
  });
  passThrough(world, copy, now, "cloning", "ready", world.settings.durations.clone);
  return copy;
}

/** Deletes a volume by the caller's wish. @returns false when it was deleted already */
export function remove(
  world: World,
  now: number,
  volume: VolumeRecord,
  permanently: boolean,
): boolean {
  if (volume.status === "deleted" || volume.status === "deleting") {
    if (!permanently || volume.erased) return false;
    volume.eraseNext = true;
    if (volume.status === "deleted") erase(world, volume, now);
    return true;
  }
  if (volume.is_os_volume && volume.instance_ids.length > 0) {
    throw forbidden("An OS volume cannot be deleted while its instance exists");
  }
  refuseRunning(world, volume.instance_ids, "delete");
  beginDelete(world, now, volume, permanently);
  return true;
}

/** Deletes it, whatever its instance does: also used when an instance ends. */
export function beginDelete(
  world: World,
  now: number,
  volume: VolumeRecord,
  permanently: boolean,
): void {
  volume.eraseNext = permanently;
  passThrough(world, volume, now, "deleting", "deleted");
}

/** Takes a volume out of the trash. */
export function restore(world: World, now: number, volume: VolumeRecord): void {
  if (volume.status !== "deleted") throw invalid("Volume is not in the trash");
  if (volume.erased) throw invalid("Volume is permanently deleted");
  delete volume.deletedAt;
  volume.eraseNext = false;
  passThrough(world, volume, now, "restoring", "unused");
}

/** Whether nothing uses the volume and nothing happens to it. */
export const isFree = (volume: VolumeRecord): boolean => volume.status === restingStatus(volume);
