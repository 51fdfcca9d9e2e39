/** What `Volume` and `Instance` both need of the API's volumes. */
import { VerdaError } from "../client/index.ts";
import type { VerdaClient, VolumeAnswer } from "../client/index.ts";
import type { Operation } from "../../provider-plugin/resource-type.ts";
import { deleteIfThere, goneAsUndefined } from "./gone.ts";
import { waitFor, waitUntil } from "./wait.ts";
import type { WaitOptions } from "./wait.ts";

/** A deleted volume is still answered by its id. */
const GONE = ["deleted", "deleting", "canceled"];
const ENDED = ["deleted", "canceled"];
/** What it passes through; until then the API refuses every action on it. */
const BUSY = ["ordered", "creating", "attaching", "detaching", "cloning", "restoring"];
const DELETE_SECONDS = 300;
const MOST_REFUSALS = 10;

export function isThere({ status }: VolumeAnswer): boolean {
  return !GONE.includes(status);
}

export async function volumeIfThere(
  client: VerdaClient,
  id: string,
): Promise<VolumeAnswer | undefined> {
  const volume = await goneAsUndefined(() => client.volume(id));
  return volume && isThere(volume) ? volume : undefined;
}

/** Instances that it is attached to or shared with; of a shared filesystem `instance_id` may be stale. */
export function attachedTo(volume: VolumeAnswer): string[] {
  if (volume.instances.length > 0) return volume.instances.map(({ id }) => id);
  const single = volume.type !== "NVMe_Shared" && volume.status !== "detached";
  return single && volume.instance_id !== undefined ? [volume.instance_id] : [];
}

/** Waits until nothing happens to the volume. @returns `undefined` when it is gone */
export async function settledVolume(
  client: VerdaClient,
  id: string,
  wait: WaitOptions,
): Promise<VolumeAnswer | undefined> {
  let volume: VolumeAnswer | undefined;
  await waitUntil(wait, `volume ${id} did not come to rest`, async (tell) => {
    volume = await volumeIfThere(client, id);
    if (!volume || !BUSY.includes(volume.status)) return true;
    tell(`${volume.name}: ${volume.status}`);
    return false;
  });
  return volume;
}

/**
 * Does something that the API refuses while anything happens to one of these volumes. Between the
 * look and the call another resource may have begun something with a shared filesystem.
 */
export async function whenSettled<Value>(
  client: VerdaClient,
  ids: readonly string[],
  wait: WaitOptions,
  call: () => Promise<Value>,
): Promise<Value> {
  for (let refusals = 0; ; refusals += 1) {
    for (const id of ids) await settledVolume(client, id, wait);
    try {
      return await call();
    } catch (error) {
      if (!isBusy(error) || refusals === MOST_REFUSALS) throw error;
      // As long as the first wait of a look: the volume is not visibly busy yet.
      await waitFor({ ...wait, timeoutSeconds: 0.2 }, () => Promise.resolve(undefined));
    }
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof VerdaError &&
    [400, 403, 409].includes(error.status) &&
    /busy|is not detached|attaching|detaching/i.test(error.reason)
  );
}

/** Deletes a detached volume and waits until it is gone; with `purge` from the trash as well. */
export async function removeVolume(
  client: VerdaClient,
  id: string,
  purge: boolean,
  operation: Operation,
): Promise<void> {
  const wait = { operation, timeoutSeconds: DELETE_SECONDS };
  await whenSettled(client, [id], wait, () => deleteIfThere(() => client.deleteVolume(id, purge)));
  await waitUntil(wait, `volume ${id} was not deleted`, async () => {
    const volume = await goneAsUndefined(() => client.volume(id));
    if (volume && !ENDED.includes(volume.status)) return false;
    if (!purge) return true;
    const inTrash = (await client.volumesInTrash()).some((other) => other.id === id);
    if (inTrash) await deleteIfThere(() => client.deleteVolume(id, true));
    return !inTrash;
  });
}
