/** How a volume goes from status to status. */
import { monthlyPriceOf } from "../catalogue/volume-types.ts";
import { endMeter, HOURS_IN_MONTH, setPrice } from "./billing.ts";
import type { Step, VolumeRecord, VolumeStatus } from "./state.ts";
import type { World } from "./world.ts";

/** How long the trash keeps a volume, billed: 96 hours by the documentation. */
const TRASH_MS = 96 * 3600 * 1000;

export const isShared = ({ type }: Pick<VolumeRecord, "type">): boolean => type === "NVMe_Shared";

/** The status of a volume that nothing uses. */
export const restingStatus = (volume: Pick<VolumeRecord, "type">): VolumeStatus =>
  isShared(volume) ? "created" : "detached";

export function setVolumeStatus(
  world: World,
  volume: VolumeRecord,
  status: VolumeStatus,
  at: number,
): void {
  if (volume.status === status) return;
  world.note(at, "volume", volume.id, `${volume.name}: ${volume.status} → ${status}`);
  volume.status = status;
}

/** Puts the volume into a passing status that ends in another after its usual time. */
export function passThrough(
  world: World,
  volume: VolumeRecord,
  now: number,
  status: VolumeStatus,
  to: string,
  seconds = world.settings.durations.volume,
): void {
  setVolumeStatus(world, volume, status, now);
  volume.next = { at: now + seconds * 1000, to };
}

/** What the volume costs at its present size, an hour. */
export const hourlyPriceOf = (world: World, { type, size }: VolumeRecord): number =>
  (monthlyPriceOf(type, world.settings.currency) * size) / HOURS_IN_MONTH;

export function meterVolume(world: World, volume: VolumeRecord, now: number): void {
  const pricePerHour = hourlyPriceOf(world, volume);
  setPrice(world.state, now, { kind: "volume", id: volume.id, pricePerHour });
}

/** A transition that fell due. */
export function volumeStep(world: World, volume: VolumeRecord, { at, to }: Step): void {
  delete volume.next;
  if (to === "erased") return erase(world, volume, at);
  if (to === "deleted") {
    leaveInstances(volume);
    if (volume.eraseNext) return erase(world, volume, at);
    setVolumeStatus(world, volume, "deleted", at);
    volume.deletedAt = at;
    volume.next = { at: at + TRASH_MS, to: "erased" };
    return;
  }
  if (to === "unused") {
    leaveInstances(volume);
    return setVolumeStatus(world, volume, restingStatus(volume), at);
  }
  setVolumeStatus(
    world,
    volume,
    volume.instance_ids.length > 0 ? "attached" : restingStatus(volume),
    at,
  );
}

export function leaveInstances(volume: VolumeRecord): void {
  volume.instance_ids = [];
  volume.target = null;
}

export function erase(world: World, volume: VolumeRecord, now: number): void {
  delete volume.next;
  leaveInstances(volume);
  setVolumeStatus(world, volume, "deleted", now);
  volume.deletedAt ??= now;
  volume.erased = true;
  endMeter(world.state, now, "volume", volume.id);
  world.note(now, "volume", volume.id, `${volume.name}: erased`);
  world.forget();
}
