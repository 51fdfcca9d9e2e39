/** Settings of the model vault and its sibling buckets. */
import { z } from "zod";

/**
 * What the buckets hold: models; configuration and caches; worker images for rollback; and
 * participants' files.
 */
export const bucketRoles = ["modelVault", "cache", "workerContainer", "userFiles"] as const;
export type BucketRole = (typeof bucketRoles)[number];

/** R2's own rule: https://developers.cloudflare.com/r2/buckets/create-buckets/ */
const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    "is lower-case letters, digits and -, 3 to 63 of them, with no - at either end",
  );
const days = z.int().min(1).max(3650);

export const vaultSettingsSchema = z.strictObject({
  /** Cloudflare account that owns the buckets: 32 hexadecimal digits. */
  accountId: z.string().regex(/^[0-9a-f]{32}$/, "is 32 hexadecimal digits"),
  /** Begins every bucket's and token's name. */
  projectName: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,30}$/, "is lower-case letters, digits and -, 2 to 31 of them")
    .default("comfyume"),
  /** Names instead of `PROJECT-model-vault-backups` and so on, by what the bucket holds. */
  bucketNames: z.partialRecord(z.enum(bucketRoles), bucketName).default({}),
  /**
   * Days after which objects are deleted. Default: participants' files after 90; models, images and
   * backups never, since a backup builds on objects of older ones.
   */
  keepDays: z.partialRecord(z.enum(bucketRoles), days).default({ userFiles: 90 }),
  /** Days after which what an interrupted upload left is deleted. R2's own default is 7 too. */
  abandonedUploadDays: days.default(7),
  /** When the tokens stop working: a date and time with its zone. Default: never. */
  tokensExpireAt: z.iso.datetime({ offset: true }).optional(),
  /**
   * Whether no update can delete a bucket. Default true; false is for a trial's empty buckets, and
   * a policy refuses it in a workshop.
   */
  protect: z.boolean().default(true),
});
export type VaultSettings = z.output<typeof vaultSettingsSchema>;

const suffixes: Readonly<Record<BucketRole, string>> = {
  modelVault: "model-vault-backups",
  cache: "cache-backups",
  workerContainer: "worker-container-backups",
  userFiles: "user-files-backups",
};

/** The buckets' names by what they hold. */
export function bucketNames(
  settings: Pick<VaultSettings, "projectName" | "bucketNames">,
): Record<BucketRole, string> {
  const name = (role: BucketRole) =>
    settings.bucketNames[role] ?? `${settings.projectName}-${suffixes[role]}`;
  return {
    modelVault: name("modelVault"),
    cache: name("cache"),
    workerContainer: name("workerContainer"),
    userFiles: name("userFiles"),
  };
}
