/** What is known of a participant's bundle. */
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const bundledFileSchema = z.object({
  /** In the zip, `/` between folders. */
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256,
});
export type BundledFile = z.infer<typeof bundledFileSchema>;

/** `userNNN.manifest.json`, beside the zip. `manifest.json` in it is the same without `zip`. */
export const manifestSchema = z.object({
  stack: z.string(),
  user: z.string(),
  /** When the teardown began. */
  collectedAt: z.iso.datetime(),
  files: z.array(bundledFileSchema),
  zip: z.object({ bytes: z.number().int().positive(), sha256 }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A bundle as the journal and the receipt know it. */
export const bundleSchema = z.object({
  user: z.string(),
  /** Where it lies, below the store's place. */
  key: z.string(),
  /** Of the zip. */
  bytes: z.number().int().positive(),
  sha256,
  manifest: z.object({ key: z.string(), bytes: z.number().int().positive(), sha256 }),
  files: z.number().int().nonnegative(),
  storedAt: z.iso.datetime(),
  /** When the zip and its manifest were read back and were the same. */
  verifiedAt: z.iso.datetime().optional(),
});
export type Bundle = z.infer<typeof bundleSchema>;
