/**
 * ComfyUI versions that this adapter knows. The routes and messages that it reads have the same shape
 * in all of them, so nothing here branches by version; a difference to come belongs into this folder.
 */
import { comfyuiVersions } from "@comfymulti/workflows";
import type { Logger } from "pino";

/** Warns of a version that nobody has tried. It is not refused: its nodes are judged elsewhere. */
export function warnIfUntried(version: string, log: Logger): void {
  if (Object.hasOwn(comfyuiVersions, version)) return;
  const known = Object.keys(comfyuiVersions).join(", ");
  log.warn(
    { version },
    `ComfyUI ${version} was never tried with this worker (${known} were): watch its first jobs`,
  );
}
