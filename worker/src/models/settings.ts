/** The settings of `comfymulti-worker models`, from the environment. */
import { z } from "zod";

const text = z.string({ error: "must be set" }).min(1, "must be set").max(500);

/** What every models command needs. */
export const modelsSettingsSchema = z.object({
  /** Folder that ComfyUI loads its models from; several workers may share it. */
  MODELS_DIRECTORY: text.default("/mnt/sfs/models"),
  /**
   * A restore's lock counts as left behind when its holder has not renewed it for this long.
   * Seconds; must exceed the difference between the clocks of the machines that share the directory.
   */
  MODELS_LOCK_STALE_SECONDS: z.coerce.number().min(2).max(3600).default(60),
});

/** What restore and backup need beside it. */
export const bucketSettingsSchema = z.object({
  /** S3 endpoint; of a bucket in the EU jurisdiction `https://ACCOUNT.eu.r2.cloudflarestorage.com`. */
  R2_ENDPOINT: z.url({
    protocol: /^https?$/,
    error: "must be a URL such as https://ACCOUNT.eu.r2.cloudflarestorage.com",
  }),
  /** Such as `comfyume-model-vault-backups`. */
  R2_BUCKET: text,
  /** Prefix of the keys in the bucket, such as `models/`. Default: none, a key is `folder/name`. */
  R2_PREFIX: z
    .string()
    .max(200)
    .regex(/^(?:[A-Za-z0-9._-]+\/)*$/, "must be empty or end with /")
    .default(""),
  R2_ACCESS_KEY_ID: text,
  /** Secret. */
  R2_SECRET_ACCESS_KEY: text,
});

export type BucketSettings = z.infer<typeof bucketSettingsSchema>;
