/** Makes a backup before an upgrade: by the stack's backup service, or as a copy on this machine. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import type { Platform } from "../../stacks/outputs.ts";
import type { Settings } from "../../stacks/settings.ts";
import { backupPlace } from "../backup/place.ts";
import { requestBackup } from "../backup/request.ts";
import { readStackState } from "../backup/stack-state.ts";
import { VisibleError } from "../visible-error.ts";
import type { LastBackup } from "./policy-records.ts";
import { recordId } from "./record.ts";

/** @returns what was backed up, as the policies read it */
export type MakeBackup = (platform: Platform, settings: Settings) => Promise<LastBackup>;

/** @throws VisibleError when it can't be made */
export const makeBackup: MakeBackup = async (platform, settings) => {
  const now = new Date();
  if (platform.backup) {
    const state = await readStackState(platform.stack);
    await requestBackup(platform.stack, backupPlace(platform.stack, platform.backup), state);
    return { at: now.toISOString(), of: ["user-files", ...keptElsewhere(settings)] };
  }
  const { directories } = platform;
  if (!directories) {
    throw new VisibleError(
      `Stack ${platform.stack} has no backup service, so nothing can be upgraded safely: bring it up with backups first (npx comfymulti up ${platform.stack}).`,
    );
  }
  copyData(directories.data, now);
  return { at: now.toISOString(), of: ["user-files"] };
};

/**
 * What the other parts consist of does not change and is kept where the stack does not reach:
 * images by digest in their registry, what the shared filesystem holds in the model vault.
 */
const keptElsewhere = ({ images, vault, vaultOf }: Settings): LastBackup["of"] => [
  ...(images ? (["images", "worker-image"] as const) : []),
  ...((vault ?? vaultOf) !== undefined ? (["shared-filesystem"] as const) : []),
];

/** What cannot be made again: the queue, and participants' workflows and settings. */
const FOLDERS = ["redis", "userdata"];
const KEPT_COPIES = 2;

/** Redis writes on meanwhile: of its log only the unfinished end is lost, which it expects. */
function copyData(data: string, now: Date): void {
  const backups = path.join(data, "upgrades", "backups");
  const draft = path.join(backups, "unfinished");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  for (const folder of FOLDERS) {
    const source = path.join(data, folder);
    // What Redis is about to rename.
    const filter = (file: string) => !path.basename(file).startsWith("temp-");
    if (existsSync(source)) cpSync(source, path.join(draft, folder), { recursive: true, filter });
  }
  renameSync(draft, path.join(backups, recordId(now)));
  const old = readdirSync(backups).toSorted().reverse().slice(KEPT_COPIES);
  for (const name of old) rmSync(path.join(backups, name), { recursive: true });
}
