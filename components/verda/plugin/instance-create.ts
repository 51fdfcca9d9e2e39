/** Making an instance: at the first location that has capacity, once, until it runs. */
import { isNoCapacity, VerdaError } from "../client/index.ts";
import type { InstanceAnswer, VerdaClient } from "../client/index.ts";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import type { Operation } from "../../provider-plugin/resource-type.ts";
import type { InstanceInputs, InstanceState } from "../schemas/instance.ts";
import { scopeOf, tagged, tagIn, tagOf } from "../tag.ts";
import { createOnce } from "./create-once.ts";
import { removeInstance } from "./instance-delete.ts";
import { InstanceFailedError, untilRunning } from "./instance-running.ts";
import { instanceIfThere, isAlive, ownVolumeIds, stateOf } from "./instance-state.ts";
import { placesFor } from "./places.ts";
import { attachedTo, isThere, removeVolume, whenSettled } from "./volumes.ts";
import { CancelledError } from "./wait.ts";

/** @throws Error with the reason; what was made is removed then */
export async function createInstance(
  client: VerdaClient,
  inputs: InstanceInputs,
  operation: Operation,
): Promise<{ id: string; state: InstanceState }> {
  const tag = tagOf(operation.urn);
  await removeRemains(client, inputs, tag, operation);
  // One that an update left behind stays where it is; its place may be full by now.
  const [left] = await alive(client, tag);
  const places = left ? [left.location] : await placesFor(client, inputs);
  const refusals: string[] = [];
  for (const place of places) {
    try {
      return await createAt(client, place, inputs, tag, operation);
    } catch (error) {
      const full = error instanceof InstanceFailedError && error.status === "no_capacity";
      if (!full && !isNoCapacity(error)) throw error;
      operation.progress(`no capacity in ${place}`);
      refusals.push(place);
    }
  }
  const kind = `${inputs.instanceType}${inputs.isSpot ? " (spot)" : ""}`;
  throw new Error(
    `no capacity for ${kind} in ${refusals.join(", ")}: name more locationCodes or another instanceType, or try later`,
  );
}

async function createAt(
  client: VerdaClient,
  place: string,
  inputs: InstanceInputs,
  tag: string,
  operation: Operation,
): Promise<{ id: string; state: InstanceState }> {
  const find = () => alive(client, tag);
  const wait = { operation, timeoutSeconds: inputs.timeoutSeconds };
  const { id } = await createOnce({
    what: `instance ${inputs.hostname}`,
    operation,
    find,
    make: () =>
      whenSettled(client, inputs.existingVolumeIds, wait, () =>
        client.createInstance(requestOf(inputs, place, tag, operation)),
      ),
    idOf: (instance) => instance.id,
  });
  try {
    const instance = await untilRunning(client, id, inputs, operation, { start: true });
    refuseOther(instance, inputs);
    // A call whose answer was lost may have had its effect late.
    for (const other of await find()) {
      if (other.id !== id) await removeInstance(client, other.id, inputs, operation);
    }
    return { id, state: await known(client, instance, inputs, tag) };
  } catch (error) {
    if (error instanceof OtherInstanceError) throw error;
    const instance = await instanceIfThere(client, id);
    if (!instance) throw error;
    const message = error instanceof Error ? error.message : "unknown fault";
    if (error instanceof InstanceFailedError) {
      await removeInstance(client, id, inputs, operation);
      throw new InstanceFailedError(`${message}; it was removed again`, error.status);
    }
    if (error instanceof CancelledError || error instanceof VerdaError) {
      throw new PartialFailure(message, await known(client, instance, inputs, tag), id);
    }
    throw error;
  }
}

async function known(
  client: VerdaClient,
  instance: InstanceAnswer,
  inputs: InstanceInputs,
  tag: string,
): Promise<InstanceState> {
  const volumes = await client.volumes();
  return stateOf(instance, inputs, ownVolumeIds(instance, inputs, volumes, tag), volumes);
}

/** All of this tag that exist, oldest first, without those that can never run. */
async function alive(client: VerdaClient, tag: string): Promise<InstanceAnswer[]> {
  return (await client.instances())
    .filter((instance) => tagIn(instance.description ?? "") === tag && isAlive(instance))
    .sort((one, other) => one.created_at.localeCompare(other.created_at));
}

/** Of an earlier instance of this resource: one that failed, and disks that a spot machine left. */
async function removeRemains(
  client: VerdaClient,
  inputs: InstanceInputs,
  tag: string,
  operation: Operation,
): Promise<void> {
  for (const { id, status } of await alive(client, tag)) {
    if (["no_capacity", "installation_failed", "error"].includes(status)) {
      await removeInstance(client, id, inputs, operation);
    }
  }
  const names = [inputs.osVolume, ...inputs.volumes]
    .filter(({ keep }) => !keep)
    .map(({ name }) => tagged(name, tag));
  for (const volume of await client.volumes()) {
    if (!names.includes(volume.name) || !isThere(volume) || attachedTo(volume).length > 0) continue;
    // Of an instance being made just now, a disk may not be attached yet.
    if (!["detached", "detaching"].includes(volume.status)) continue;
    operation.progress(`removing ${volume.name}, left by an instance that is gone`);
    await removeVolume(client, volume.id, inputs.purgeVolumes, operation);
  }
}

class OtherInstanceError extends Error {}

/** One that is taken over must be what is declared: other inputs may have been declared meanwhile. */
function refuseOther(found: InstanceAnswer, inputs: InstanceInputs): void {
  const isOther =
    found.instance_type !== inputs.instanceType ||
    found.hostname !== inputs.hostname ||
    found.is_spot !== inputs.isSpot ||
    !inputs.locationCodes.includes(found.location);
  if (!isOther) return;
  throw new OtherInstanceError(
    `instance ${found.hostname} (${found.id}, ${found.instance_type} in ${found.location}) was left by an earlier update and is not as ${inputs.hostname} is declared now: delete it in Verda's console, then run the update again`,
  );
}

function requestOf(inputs: InstanceInputs, place: string, tag: string, operation: Operation) {
  const { project, stack } = scopeOf(operation.urn);
  // Only a spot machine's disks can be told to go with it.
  const ends = (keep: boolean) =>
    inputs.isSpot && !keep ? { on_spot_discontinue: "delete_permanently" as const } : {};
  const { osVolume } = inputs;
  return {
    instance_type: inputs.instanceType,
    image: inputs.image,
    hostname: inputs.hostname,
    description: `comfymulti ${project}/${stack} ${tag}`,
    location_code: place,
    ssh_key_ids: inputs.sshKeyIds,
    ...(inputs.startupScriptId === undefined ? {} : { startup_script_id: inputs.startupScriptId }),
    os_volume: { name: tagged(osVolume.name, tag), size: osVolume.size, ...ends(osVolume.keep) },
    volumes: inputs.volumes.map(({ name, size, type, keep }) => ({
      name: tagged(name, tag),
      size,
      type,
      ...ends(keep),
    })),
    existing_volumes: inputs.existingVolumeIds,
    is_spot: inputs.isSpot,
  };
}
