/** From version settings to what has to be written into a stack's file. */
import { isDeepStrictEqual } from "node:util";
import type { WrittenVersions } from "./record.ts";
import { versionKeys, type VersionSettings } from "./versions.ts";

/** Only what differs; a setting that is empty is taken away. */
export function versionChanges(
  before: VersionSettings,
  after: VersionSettings,
): Record<string, unknown> {
  return Object.fromEntries(
    versionKeys
      .filter((key) => !isDeepStrictEqual(before[key], after[key]))
      .map((key) => [key, isEmpty(after[key]) ? undefined : plain(after[key])]),
  );
}

/** Brings all of them back to what was written, also those that were not. */
export const restoring = (written: WrittenVersions): Record<string, unknown> =>
  Object.fromEntries(versionKeys.map((key) => [key, written[key]]));

const isEmpty = (value: unknown) =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** Without what is undefined, which a file can't say. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
