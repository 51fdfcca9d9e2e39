/** Whether Verda has things with this stack's tag that its state does not know: they may cost money. */
import {
  deleteOrphan,
  findOrphans,
  type Orphan,
  type Scope,
  type VerdaClient,
} from "../../../components/verda/index.ts";
import { knownIds } from "../../cost/observe.ts";
import type { StackResource } from "../../cost/resources.ts";
import { hasCredentials, verdaClient } from "../../cost/stack-view.ts";
import { fault, fine, isCloud, type Check, type Finding, type Patient } from "../check.ts";

export const orphansCheck: Check<Patient> = {
  name: "orphans at Verda",
  applies: isCloud,
  async look({ name, view }) {
    if (!hasCredentials(view.verda)) {
      return [
        fault(
          "Verda can't be asked what it has: there are no credentials.",
          "Set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET, or pulumi config set --secret verda:clientId and verda:clientSecret.",
        ),
      ];
    }
    const orphans = await orphansOf(verdaClient(view.verda), view.scope, view.resources);
    return orphanFindings(orphans, name);
  },
};

export const orphansOf = (
  client: VerdaClient,
  scope: Scope,
  resources: readonly StackResource[],
): Promise<Orphan[]> => findOrphans(client, scope, knownIds(resources));

export function orphanFindings(orphans: readonly Orphan[], stackName: string): Finding[] {
  if (orphans.length === 0) return [fine("Verda has nothing that the stack does not know of")];
  return orphans.map((orphan) =>
    fault(
      `${textOf(orphan)} is not in the stack's state${orphan.isBillable ? ", and is billed" : ""}.`,
      orphan.isInTrash
        ? `npx comfymulti doctor ${stackName} --delete-orphans erases it.`
        : `npx comfymulti doctor ${stackName} --adopt takes it in where the settings declare it; --delete-orphans deletes it.`,
    ),
  );
}

const textOf = ({ kind, name, isInTrash }: Orphan): string =>
  `The ${kind} ${name}${isInTrash ? " in the trash" : ""}`;

/** One after the other, machines before their volumes. */
export async function deleteOrphans(
  client: VerdaClient,
  orphans: readonly Orphan[],
  tell: (line: string) => void,
): Promise<void> {
  for (const orphan of orphans) {
    await deleteOrphan(client, orphan);
    tell(`${textOf(orphan)} is deleted.`);
  }
}
