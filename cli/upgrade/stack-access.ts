/** What upgrades and rollbacks do to a stack, so that their order of things can be tried without one. */
import { up } from "../commands/up.ts";
import { readPlatform } from "../platform.ts";
import { readSettings } from "../stack-settings.ts";
import type { Platform } from "../../stacks/outputs.ts";
import type { Settings } from "../../stacks/settings.ts";
import { makeBackup } from "./backup.ts";
import type { LastBackup } from "./policy-records.ts";
import { changeStackFile, writtenSettings } from "./settings-file.ts";
import { waitUntilHealthy } from "./healthy.ts";
import { versionKeys, workerVersionsOf } from "./versions.ts";
import type { WrittenVersions } from "./record.ts";
import { drainWorkers, releaseDrained, type DrainOptions } from "./workers.ts";

export interface StackAccess {
  readonly name: string;
  settings(): Settings;
  /** Version settings as the stack's file has them. */
  writtenVersions(): WrittenVersions;
  /** Changes the stack's file; undefined takes a setting away. */
  change(settings: Readonly<Record<string, unknown>>): void;
  /** Makes the stack what its file says, past the policies. @throws VisibleError, InterruptedError */
  update(): Promise<void>;
  platform(): Promise<Platform>;
  backup(platform: Platform): Promise<LastBackup>;
  drain(platform: Platform, options: DrainOptions): Promise<void>;
  /** Everything is well, and drained workers are back. @throws VisibleError */
  settle(platform: Platform, signal: AbortSignal): Promise<void>;
}

export function stackAccess(name: string): StackAccess {
  // Asking the engine takes seconds, and only an update gives another answer.
  let known: Platform | undefined;
  const update = async () => {
    known = undefined;
    await up(name, { showPrice: false });
  };
  return {
    name,
    settings: () => readSettings(name),
    writtenVersions: () => writtenSettings(name, versionKeys),
    change: (settings) => changeStackFile(name, settings),
    update,
    platform: async () => (known ??= await readPlatform(name)),
    backup: (platform) => makeBackup(platform, readSettings(name)),
    drain: drainWorkers,
    settle: async (platform, signal) => {
      if ((await releaseDrained(platform, signal)).length > 0) await update();
      await waitUntilHealthy(platform, workerVersionsOf(readSettings(name)), signal);
    },
  };
}
