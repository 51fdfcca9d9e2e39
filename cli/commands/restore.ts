/** Gets a backup back: into a folder, or in the place of a stack's data. */
import path from "node:path";
import Table from "cli-table3";
import { z } from "zod";
import type { BackupAccess } from "../../components/app-server/backup.ts";
import { stackDirectories } from "../../stacks/places.ts";
import { readBackupAccess } from "../backup/access.ts";
import { backupPlace, type BackupPlace } from "../backup/place.ts";
import { requireSuccess, runScript } from "../backup/script.ts";
import { VisibleError } from "../visible-error.ts";

export interface RestoreOptions {
  /** Id of a backup, or `latest`. */
  readonly snapshot: string;
  /** A new folder of this machine, instead of the stack's data. */
  readonly to?: string;
  /** Shows the backups that are there, and restores none. */
  readonly list: boolean;
  /** Stops what runs, and takes the place of data that is there. */
  readonly force: boolean;
  readonly json: boolean;
}

export async function restore(stackName: string, options: RestoreOptions): Promise<void> {
  const access = await readBackupAccess(stackName);
  if (options.list) return await list(stackName, access, options.json);
  if (options.to !== undefined) return await fetch(stackName, access, options.snapshot, options.to);
  await replace(stackName, backupPlace(stackName, access), options);
}

/** restic on this machine, with its cache in this checkout. */
const here = (stackName: string, { environment }: BackupAccess) => ({
  ...environment,
  DATA_DIRECTORY: stackDirectories(stackName).data,
});

const snapshotsSchema = z.array(z.object({ short_id: z.string(), time: z.string() }));

async function list(stackName: string, access: BackupAccess, json: boolean): Promise<void> {
  const text = requireSuccess(await runScript(["list"], here(stackName, access)));
  const backups = snapshotsSchema
    .parse(JSON.parse(text))
    .map(({ short_id: id, time }) => ({ id, at: new Date(time).toISOString() }))
    .sort((left, right) => right.at.localeCompare(left.at));
  if (json) {
    console.log(JSON.stringify(backups, null, 2));
    return;
  }
  const table = new Table({ head: ["backup", "made"], style: { head: [], border: [] } });
  for (const { id, at } of backups) table.push([id, at]);
  console.log(table.toString());
}

async function fetch(stackName: string, access: BackupAccess, snapshot: string, to: string) {
  const folder = path.resolve(to);
  console.log(`Getting backup ${snapshot} of stack ${stackName} …`);
  requireSuccess(await runScript(["fetch", snapshot, folder], here(stackName, access)));
  console.log(
    `  ✓ in ${folder}: participants' files, redis/ as a Redis starts with it, and stack.json for pulumi stack import if there is one`,
  );
}

/** Puts a backup in the place of a stack's data; the stack stands still meanwhile. */
export async function replace(
  stackName: string,
  place: BackupPlace,
  { snapshot, force }: Pick<RestoreOptions, "snapshot" | "force">,
): Promise<void> {
  const running = await place.running();
  if (!force && running.length > 0) {
    throw new VisibleError(
      `Stack ${stackName} runs (${running.join(", ")}), and its data can't be replaced under it. Add --force: it is stopped first, and everything that came after the backup is set aside. To only look at a backup, use --to FOLDER.`,
    );
  }
  if (!force && (await place.hasData())) {
    throw new VisibleError(
      `Stack ${stackName} has data: add --force, and the backup takes its place; what is there now is set aside. To only look at a backup, use --to FOLDER.`,
    );
  }
  if (running.length > 0) {
    console.log(`Stopping ${running.join(", ")} …`);
    await place.stop();
  }
  console.log(`Restoring backup ${snapshot} of stack ${stackName} …`);
  const ended = await place.restore(snapshot);
  // Whatever came of it: the data is as it was, or as the backup has it.
  const next = await place.start();
  const aside = requireSuccess(ended).trim();
  console.log(`  ✓ restored${aside === "" ? "" : `; what was there before is in ${aside}`}`);
  if (next !== undefined) console.log(`Next: ${next}`);
}
