/** What one participant may store. Stops one broken script from filling the disk for all. */
export interface Limits {
  /** Largest file, bytes. A workflow with embedded pictures has a few MB. */
  readonly fileBytes: number;
  /** All of a user's files together, bytes. */
  readonly userBytes: number;
  /** Files and folders of a user. */
  readonly userEntries: number;
  /** A user's settings as JSON, bytes. */
  readonly settingsBytes: number;
}

export const defaultLimits: Limits = {
  fileBytes: 32 * 1024 * 1024,
  userBytes: 256 * 1024 * 1024,
  userEntries: 2000,
  settingsBytes: 1024 * 1024,
};
