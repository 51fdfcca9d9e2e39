/** How an instance goes from status to status. */
import { randomInt } from "node:crypto";
import { endMeter } from "./billing.ts";
import type { InstanceRecord, InstanceStatus, Step } from "./state.ts";
import { erase } from "./volume-steps.ts";
import { release, volumesOf } from "./volumes.ts";
import type { World } from "./world.ts";

export function setInstanceStatus(
  world: World,
  instance: InstanceRecord,
  status: InstanceStatus,
  at: number,
): void {
  if (instance.status === status) return;
  world.note(at, "instance", instance.id, `${instance.hostname}: ${instance.status} → ${status}`);
  instance.status = status;
}

/** Sets what comes next, so many seconds later. */
export function schedule(instance: InstanceRecord, now: number, seconds: number, to: string): void {
  instance.next = { at: now + seconds * 1000, to };
}

/** A transition that fell due. */
export function instanceStep(world: World, instance: InstanceRecord, { at, to }: Step): void {
  const { durations } = world.settings;
  delete instance.next;
  if (to === "address") return giveAddress(world, instance, at);
  const status = instance.fate && fateComesNow(instance.fate, to) ? instance.fate : to;
  setInstanceStatus(world, instance, status as InstanceStatus, at);
  if (status === "no_capacity") return vanish(world, instance, at);
  if (status === "provisioning") schedule(instance, at, durations.provisioning, "validating");
  if (status === "validating") schedule(instance, at, durations.validating, "running");
  if (status === "running" && instance.ip === null)
    schedule(instance, at, durations.address, "address");
  if (status === "offline" && instance.ip === null) giveAddress(world, instance, at);
  if (status === "discontinued") endInstance(world, instance, at);
}

const FATE_STEP = {
  no_capacity: "provisioning",
  installation_failed: "validating",
  error: "running",
};

const fateComesNow = (fate: NonNullable<InstanceRecord["fate"]>, to: string): boolean =>
  FATE_STEP[fate] === to;

/** Addresses of the blocks that are reserved for documentation: they reach nobody. */
function giveAddress(world: World, instance: InstanceRecord, at: number): void {
  const block = ["192.0.2", "198.51.100", "203.0.113"][randomInt(3)] ?? "192.0.2";
  instance.ip = `${block}.${randomInt(1, 255)}`;
  world.note(at, "instance", instance.id, `${instance.hostname}: has the address ${instance.ip}`);
}

/** There was no capacity: what was ordered with the instance goes, what was there before stays. */
function vanish(world: World, instance: InstanceRecord, at: number): void {
  endMeter(world.state, at, "instance", instance.id);
  for (const volume of volumesOf(world, instance.id)) {
    if (instance.newVolumes.includes(volume.id)) erase(world, volume, at);
    else release(world, at, volume, instance.id);
  }
  instance.systemDisk = null;
}

export function endInstance(world: World, instance: InstanceRecord, at: number): void {
  delete instance.next;
  setInstanceStatus(world, instance, "discontinued", at);
  endMeter(world.state, at, "instance", instance.id);
  world.forget();
}
