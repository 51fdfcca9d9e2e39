/**
 * Things on Verda that carry a stack's tag and that its state does not know: left by an engine that
 * was killed between the making and the writing down, and by spot machines that were taken back.
 *
 * To adopt one, run an update of the stack that declares it: `create` looks for its tag first.
 */
import type { VerdaClient } from "./client/index.ts";
import { ownerOf } from "./plugin/deployment-wire.ts";
import { isAlive } from "./plugin/instance-state.ts";
import { isThere } from "./plugin/volumes.ts";
import { deleteIfThere, goneAsUndefined } from "./plugin/gone.ts";
import { scopeTag, tagIn } from "./tag.ts";
import type { Scope } from "./tag.ts";

export interface Orphan {
  readonly kind: "instance" | "volume" | "deployment" | "ssh-key" | "startup-script" | "secret";
  readonly id: string;
  readonly name: string;
  /** It costs money as it is. */
  readonly isBillable: boolean;
  /** A volume in the trash: billed until it is erased. */
  readonly isInTrash: boolean;
}

/**
 * @param knownIds Ids of all resources in the stack's state, with `osVolumeId` and `volumeIds` of
 * its instances.
 */
export async function findOrphans(
  client: VerdaClient,
  scope: Scope,
  knownIds: Iterable<string>,
): Promise<Orphan[]> {
  const known = new Set(knownIds);
  const prefix = scopeTag(scope);
  const isOurs = (text: string | undefined) => tagIn(text ?? "")?.startsWith(prefix) === true;
  const [instances, volumes, trash, deployments, keys, scripts, secrets] = await Promise.all([
    client.instances(),
    client.volumes(),
    client.volumesInTrash(),
    client.deployments(),
    client.sshKeys(),
    client.scripts(),
    client.secrets(),
  ]);
  const free = { isBillable: false, isInTrash: false };
  const billed = { isBillable: true, isInTrash: false };
  const found: Orphan[] = [
    ...instances
      .filter((instance) => isOurs(instance.description) && isAlive(instance))
      .map(({ id, hostname }) => ({ kind: "instance" as const, id, name: hostname, ...billed })),
    ...volumes
      .filter((volume) => isOurs(volume.name) && isThere(volume))
      .map(({ id, name }) => ({ kind: "volume" as const, id, name, ...billed })),
    ...trash
      .filter(({ name }) => isOurs(name))
      .map(({ id, name }) => ({
        kind: "volume" as const,
        id,
        name,
        isBillable: true,
        isInTrash: true,
      })),
    ...deployments
      .filter((deployment) => isOurs(ownerOf(deployment)))
      .map(({ name }) => ({ kind: "deployment" as const, id: name, name, ...billed })),
    ...keys
      .filter(({ name }) => isOurs(name))
      .map(({ id, name }) => ({ kind: "ssh-key" as const, id, name, ...free })),
    ...scripts
      .filter(({ name }) => isOurs(name))
      .map(({ id, name }) => ({ kind: "startup-script" as const, id, name, ...free })),
    ...secrets
      .filter(({ name }) => isOurs(name))
      .map(({ name }) => ({ kind: "secret" as const, id: name, name, ...free })),
  ];
  return found.filter(({ id }) => !known.has(id));
}

/**
 * Deletes it for good: an instance without its volumes, which are orphans of their own and come
 * after it in the list. Waits for an instance's end, for until then its volumes are in use.
 */
export async function deleteOrphan(client: VerdaClient, { kind, id }: Orphan): Promise<void> {
  await deleteIfThere(async () => {
    switch (kind) {
      case "instance":
        await client.actOnInstance({ id, action: "delete", volume_ids: [] });
        return await untilEnded(client, id);
      case "volume":
        return await client.deleteVolume(id, true);
      case "deployment":
        return await client.deleteDeployment(id);
      case "ssh-key":
        return await client.deleteSshKey(id);
      case "startup-script":
        return await client.deleteScript(id);
      case "secret":
        return await client.deleteSecret(id);
    }
  });
}

const END_MILLISECONDS = 600_000;
const POLL_MILLISECONDS = 1_000;

async function untilEnded(client: VerdaClient, id: string): Promise<void> {
  const deadline = Date.now() + END_MILLISECONDS;
  for (;;) {
    const instance = await goneAsUndefined(() => client.instance(id));
    if (!instance || instance.status === "discontinued") return;
    if (Date.now() > deadline) {
      throw new Error(`instance ${id} does not end: look at it in Verda's console`);
    }
    await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
  }
}
