/**
 * How much a participant may upload: so many bytes in each of their folders (setting
 * USER_UPLOAD_BYTES). Counted on disk, since every replica writes there, before a file is received
 * and again before it is placed; what is on its way meanwhile is all that can go beyond.
 */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { errors } from "../errors.ts";

export interface QuotaQuestion {
  /** The folder that the file goes to, with all below it. */
  readonly folder: string;
  readonly fileBytes: number;
  readonly quotaBytes: number;
}

/** @throws GatewayError 413 that says how much is used and what to do. */
export async function requireUploadSpace({
  folder,
  fileBytes,
  quotaBytes,
}: QuotaQuestion): Promise<void> {
  const used = await folderBytes(folder);
  if (used + fileBytes <= quotaBytes) return;
  throw errors.uploadQuota(
    `Your uploads take ${inMib(used)} of the ${inMib(quotaBytes)} that each participant has, and this file ` +
      `needs ${inMib(fileBytes)}. Upload a smaller one, or ask the host to remove files that you no longer use.`,
  );
}

const inMib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Bytes of all files below a folder; 0 when there is none yet. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const found = await stat(path.join(entry.parentPath, entry.name)).catch(() => undefined);
        return found?.size ?? 0;
      }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
