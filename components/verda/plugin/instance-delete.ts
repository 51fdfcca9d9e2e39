/** Deleting an instance with exactly those disks that were declared to go with it. */
import type { VerdaClient } from "../client/index.ts";
import type { ExistingOperation, Operation } from "../../provider-plugin/resource-type.ts";
import type { InstanceInputs, InstanceState } from "../schemas/instance.ts";
import { tagged, tagOf } from "../tag.ts";
import { deleteIfThere, goneAsUndefined } from "./gone.ts";
import { instanceIfThere } from "./instance-state.ts";
import { attachedTo, removeVolume, volumeIfThere } from "./volumes.ts";
import { waitUntil } from "./wait.ts";

const DELETE_SECONDS = 600;
/** A record of it may stay for ever. */
const ENDED = ["discontinued", "notfound"];

export async function deleteInstance(
  client: VerdaClient,
  state: InstanceState,
  operation: ExistingOperation,
): Promise<void> {
  const kept = keptIds(state);
  const disks = [state.osVolumeId, ...state.volumeIds]
    .filter((id) => id !== undefined)
    .filter((id) => !kept.includes(id));
  await remove(client, operation.id, disks, state.purgeVolumes, operation);
}

/** Deletes one whose state the engine does not know, with the disks that carry its tag. */
export async function removeInstance(
  client: VerdaClient,
  id: string,
  { osVolume, volumes, purgeVolumes }: InstanceInputs,
  operation: Operation,
): Promise<void> {
  const tag = tagOf(operation.urn);
  const names = [osVolume, ...volumes]
    .filter(({ keep }) => !keep)
    .map(({ name }) => tagged(name, tag));
  const disks = (await client.volumes())
    .filter((volume) => names.includes(volume.name) && attachedTo(volume).includes(id))
    .map((volume) => volume.id);
  await remove(client, id, disks, purgeVolumes, operation);
}

async function remove(
  client: VerdaClient,
  id: string,
  disks: readonly string[],
  purge: boolean,
  operation: Operation,
): Promise<void> {
  if (await instanceIfThere(client, id)) {
    // Without a list the API deletes the system's disk, or, as has been seen, keeps it: so name them.
    const there = await Promise.all(disks.map((disk) => volumeIfThere(client, disk)));
    const listed = there
      .filter((volume) => volume !== undefined)
      .filter((volume) => attachedTo(volume).includes(id))
      .map((volume) => volume.id);
    await deleteIfThere(() =>
      client.actOnInstance({
        id,
        action: "delete",
        volume_ids: listed,
        ...(listed.length > 0 ? { delete_permanently: purge } : {}),
      }),
    );
  }
  const wait = { operation, timeoutSeconds: DELETE_SECONDS };
  await waitUntil(wait, `instance ${id} was not deleted`, async (tell) => {
    const instance = await goneAsUndefined(() => client.instance(id));
    if (!instance || ENDED.includes(instance.status)) return true;
    tell(`${instance.status}: waiting for its end`);
    return false;
  });
  for (const disk of disks) {
    await removeVolume(client, disk, purge, operation);
  }
}

function keptIds({ osVolume, osVolumeId, volumes, volumeIds }: InstanceState): string[] {
  const kept = volumeIds.filter((_, index) => volumes[index]?.keep === true);
  return osVolume.keep && osVolumeId !== undefined ? [osVolumeId, ...kept] : kept;
}
