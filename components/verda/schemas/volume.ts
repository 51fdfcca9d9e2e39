/** What a `Volume` is declared by and what is known of one that exists. */
import { z } from "zod";
import { locationCode, taggableName } from "./names.ts";

/** `NVMe_Shared` is the shared filesystem (SFS), mounted over NFS. */
export const volumeType = z.enum(["NVMe", "HDD", "NVMe_Shared"]);

export const volumeInputs = z.strictObject({
  name: taggableName,
  type: volumeType,
  /** GB. Grows in place, never shrinks; HDD can do neither. */
  size: z.number().int().min(1).max(100_000),
  locationCode,
  /** Erase at deletion. Default false: 96 hours in the trash, billed and restorable. */
  purge: z.boolean().default(false),
  /** Seconds until a volume that is not ready is given up and removed. Default 300. */
  timeoutSeconds: z.number().int().min(1).max(3600).default(300),
});

export const volumeState = z.object({
  ...volumeInputs.shape,
  /** The declared name and the provider's tag: the name on Verda. */
  fullName: z.string(),
  status: z.string(),
  /** Instances it is attached to, or shared with. */
  instanceIds: z.array(z.string()),
  /** Of a shared filesystem: the path on the NFS server. */
  pseudoPath: z.string().optional(),
  /** Of a shared filesystem, from the API; perhaps only once an instance shares it. */
  mountCommand: z.string().optional(),
  createDirectoryCommand: z.string().optional(),
  fstabCommand: z.string().optional(),
  /** In `currency`. */
  monthlyPrice: z.number().optional(),
  currency: z.string().optional(),
  createdAt: z.string(),
});
export type VolumeInputs = z.output<typeof volumeInputs>;
export type VolumeState = z.output<typeof volumeState>;
