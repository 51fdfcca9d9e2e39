/** What is there on Verda, asked through its API, and what the engine's state knows of. */
import type { VerdaClient } from "../../components/verda/index.ts";
import type { StoredState } from "./project.ts";

/** Ids of everything that exists, sorted; those in the trash too, for they are billed. */
export async function inventory(client: VerdaClient): Promise<string[]> {
  const lists = await Promise.all([
    client.instances(),
    client.volumes(),
    client.volumesInTrash(),
    client.sshKeys(),
    client.scripts(),
  ]);
  const named = await Promise.all([client.secrets(), client.deployments()]);
  return [...lists.flat().map(({ id }) => id), ...named.flat().map(({ name }) => name)].sort();
}

/** Ids of everything that the state knows of, an instance's disks among them; sorted. */
export function knownIds({ resources }: StoredState): string[] {
  return resources
    .filter(({ type }) => type.startsWith("verda:index:"))
    .flatMap(({ id, outputs }) => [id, outputs["osVolumeId"], outputs["volumeIds"]].flat())
    .filter((id) => typeof id === "string")
    .sort();
}
