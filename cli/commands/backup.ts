/** A backup now: what Redis holds, participants' files and settings, the stack's state. */
import { printableAccess, readBackupAccess } from "../backup/access.ts";
import { backupPlace } from "../backup/place.ts";
import { requestBackup } from "../backup/request.ts";
import { readStackState } from "../backup/stack-state.ts";

export interface BackupOptions {
  /** Prints what is needed to read the backups when the stack is gone, and makes none. */
  readonly access: boolean;
  readonly json: boolean;
}

export async function backup(stackName: string, { access, json }: BackupOptions): Promise<void> {
  const known = await readBackupAccess(stackName);
  if (access) {
    console.log(printableAccess(known));
    return;
  }
  if (!json) console.log(`Backing up stack ${stackName} …`);
  const state = await readStackState(stackName);
  const made = await requestBackup(stackName, backupPlace(stackName, known), state);
  if (json) {
    console.log(JSON.stringify(made));
    return;
  }
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  console.log(
    `  ✓ backup ${made.snapshot}: ${megabytes(made.bytes)} MB, ${megabytes(made.addedBytes)} MB of them new, in ${made.seconds} s`,
  );
}
