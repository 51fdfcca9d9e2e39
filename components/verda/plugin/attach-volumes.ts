/** Attaching and detaching an instance's volumes in place. */
import type { VerdaClient } from "../client/index.ts";
import type { ExistingOperation } from "../../provider-plugin/resource-type.ts";
import type { InstanceInputs, InstanceState } from "../schemas/instance.ts";
import { attachedTo, settledVolume, whenSettled } from "./volumes.ts";
import { waitUntil } from "./wait.ts";

/** A shared filesystem comes and goes on a running instance; for a disk it is shut down first. */
export async function attachVolumes(
  client: VerdaClient,
  old: InstanceState,
  next: InstanceInputs,
  operation: ExistingOperation,
): Promise<void> {
  const { id } = operation;
  const wait = { operation, timeoutSeconds: next.timeoutSeconds };
  const added = next.existingVolumeIds.filter((each) => !old.existingVolumeIds.includes(each));
  const dropped = old.existingVolumeIds.filter((each) => !next.existingVolumeIds.includes(each));
  const changes = [
    ...dropped.map((volume) => ({ volume, action: "detach" as const })),
    ...added.map((volume) => ({ volume, action: "attach" as const })),
  ];
  let isOffline = false;
  for (const { volume: volumeId, action } of changes) {
    const volume = await settledVolume(client, volumeId, wait);
    if (!volume) {
      if (action === "detach") continue;
      throw new Error(`existingVolumeIds: there is no volume ${volumeId}`);
    }
    const wanted = action === "attach";
    if (attachedTo(volume).includes(id) === wanted) continue;
    if (volume.type !== "NVMe_Shared" && !isOffline) {
      operation.progress(`shutting down to ${action} ${volume.name}`);
      await client.actOnInstance({ id, action: "shutdown" });
      await waitUntil(wait, `instance ${next.hostname} did not shut down`, async () => {
        return (await client.instance(id)).status === "offline";
      });
      isOffline = true;
    }
    const change = { id: volumeId, action, instance_id: id };
    await whenSettled(client, [volumeId], wait, () => client.actOnVolume(change));
    await waitUntil(wait, `the ${action} of volume ${volume.name} did not end`, async () => {
      const now = await settledVolume(client, volumeId, wait);
      return now !== undefined && attachedTo(now).includes(id) === wanted;
    });
  }
}
