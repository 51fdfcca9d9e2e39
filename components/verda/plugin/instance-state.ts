/** From the API's answer to what the engine keeps of an instance. */
import type { InstanceAnswer, VerdaClient, VolumeAnswer } from "../client/index.ts";
import type { InstanceInputs, InstanceState } from "../schemas/instance.ts";
import { tagged, untagged } from "../tag.ts";
import { goneAsUndefined } from "./gone.ts";
import { attachedTo, isThere } from "./volumes.ts";

/** A record of these is all that is left of an instance: deleted, or a spot machine taken back. */
const GONE = ["discontinued", "deleting", "notfound"];

export function isAlive({ status }: InstanceAnswer): boolean {
  return !GONE.includes(status);
}

export async function instanceIfThere(
  client: VerdaClient,
  id: string,
): Promise<InstanceAnswer | undefined> {
  const instance = await goneAsUndefined(() => client.instance(id));
  return instance && isAlive(instance) ? instance : undefined;
}

/** Ids of the disks that a new instance was declared with, in the declared order. */
export function ownVolumeIds(
  { id }: InstanceAnswer,
  { volumes: declared }: InstanceInputs,
  volumes: readonly VolumeAnswer[],
  tag: string,
): string[] {
  return declared.flatMap(({ name }) => {
    const isOwn = (volume: VolumeAnswer) =>
      volume.name === tagged(name, tag) && attachedTo(volume).includes(id);
    return volumes.filter(isOwn).map((volume) => volume.id);
  });
}

/**
 * @param inputs As declared, or as the state knew them: for what the API does not tell.
 * @param own Ids of the disks of `volumes`.
 * @param volumes All volumes of the account.
 */
export function stateOf(
  instance: InstanceAnswer,
  inputs: InstanceInputs,
  own: readonly string[],
  volumes: readonly VolumeAnswer[],
): InstanceState {
  const foreign = foreignVolumes(instance, own, volumes);
  const known = inputs.existingVolumeIds.filter((id) => foreign.includes(id));
  return {
    ...inputs,
    hostname: instance.hostname,
    instanceType: instance.instance_type,
    // An image or volume asked for by its id may be answered by a name.
    image: isUuid(inputs.image) ? inputs.image : instance.image,
    isSpot: instance.is_spot,
    sshKeyIds: sameMembers(inputs.sshKeyIds, instance.ssh_key_ids),
    startupScriptId: instance.startup_script_id,
    // In the declared order, so that an order alone is no difference.
    existingVolumeIds: [...known, ...foreign.filter((id) => !known.includes(id))],
    status: instance.status,
    ip: instance.ip,
    locationCode: instance.location,
    osVolumeId: instance.os_volume_id,
    volumeIds: [...own],
    pricePerHour: instance.price_per_hour ?? undefined,
    createdAt: instance.created_at,
  };
}

/** What an instance that was made by hand would be declared by. */
export function importedInputs(
  instance: InstanceAnswer,
  volumes: readonly VolumeAnswer[],
): InstanceInputs {
  const os = volumes.find(({ id }) => id === instance.os_volume_id);
  return {
    hostname: instance.hostname,
    instanceType: instance.instance_type,
    image: instance.image,
    locationCodes: [instance.location],
    isSpot: instance.is_spot,
    sshKeyIds: instance.ssh_key_ids,
    startupScriptId: instance.startup_script_id,
    osVolume: { name: untagged(os?.name ?? "os"), size: os?.size ?? 100, keep: false },
    volumes: [],
    existingVolumeIds: foreignVolumes(instance, [], volumes),
    purgeVolumes: true,
    timeoutSeconds: 900,
  };
}

function foreignVolumes(
  instance: InstanceAnswer,
  own: readonly string[],
  volumes: readonly VolumeAnswer[],
): string[] {
  return volumes
    .filter((volume) => isThere(volume) && attachedTo(volume).includes(instance.id))
    .map(({ id }) => id)
    .filter((id) => id !== instance.os_volume_id && !own.includes(id));
}

function sameMembers(declared: readonly string[], actual: readonly string[]): string[] {
  const same = declared.length === actual.length && declared.every((id) => actual.includes(id));
  return [...(same ? declared : actual)];
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
