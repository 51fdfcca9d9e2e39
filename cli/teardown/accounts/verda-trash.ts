/** Verda's trash: volumes that were deleted are billed in it for 96 hours, unless they are erased. */
import { setTimeout as pause } from "node:timers/promises";
import { deleteOrphan, type VerdaClient } from "../../../components/verda/index.ts";
import { scopeTag, tagIn } from "../../../components/verda/tag.ts";
import type { Known } from "./survey.ts";

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Erases volumes with this stack's tag, and waits until they are gone.
 *
 * @returns their names
 */
export async function emptyVerdaTrash(client: VerdaClient, known: Known): Promise<string[]> {
  const mine = scopeTag(known);
  const trashed = async () =>
    (await client.volumesInTrash()).filter(
      ({ id, name }) => tagIn(name)?.startsWith(mine) === true && !known.kept.has(id),
    );
  const found = await trashed();
  for (const { id, name } of found) {
    await deleteOrphan(client, { kind: "volume", id, name, isBillable: true, isInTrash: true });
  }
  const deadline = Date.now() + PATIENCE_MS;
  while ((await trashed()).length > 0 && Date.now() < deadline) await pause(LOOK_EVERY_MS);
  return found.map(({ name }) => name);
}
