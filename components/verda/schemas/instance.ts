/** What an `Instance` is declared by and what is known of one that runs. */
import { z } from "zod";
import { givenId, hostLabel, locationCode, taggableName } from "./names.ts";

const diskShape = {
  name: taggableName,
  /** GB */
  size: z.number().int().min(1).max(100_000),
  /** Left behind, detached and billed, when the instance is deleted. Default false: deleted too. */
  keep: z.boolean().default(false),
};
const dataVolume = z.strictObject({ ...diskShape, type: z.literal("NVMe").default("NVMe") });
const osVolume = z.strictObject(diskShape);

export const instanceInputs = z.strictObject({
  hostname: hostLabel,
  /** Such as `1H200.141S.44V`. */
  instanceType: z.string().min(1).max(63),
  /** An image type (`ubuntu-24.04-cuda-12.8-open-docker`), image id, or id of a detached OS volume. */
  image: z.string().min(1).max(200),
  /** Where it may run, best first: the first with capacity is taken, and kept from then on. */
  locationCodes: z.array(locationCode).min(1, "must name at least one location").max(20),
  /** Spot: about half the price, and taken back at any moment. Default false. */
  isSpot: z.boolean().default(false),
  /** Without a key nobody can log in. */
  sshKeyIds: z.array(givenId).min(1, "must name at least one key, or nobody can log in").max(50),
  /** Runs once, as root, at the first boot. */
  startupScriptId: givenId.optional(),
  /** Its disk for the system. Default 100 GB; an image that is a volume needs none. */
  osVolume: osVolume.prefault({ name: "os", size: 100 }),
  /** Disks that are made with the instance and, unless `keep`, deleted with it. */
  volumes: z.array(dataVolume).max(20).default([]),
  /** Volumes of their own: disks and shared filesystems. Attached and detached in place. */
  existingVolumeIds: z.array(givenId).max(20).default([]),
  /** Erase deleted disks at once; else they lie in the trash, billed, for 96 hours. Default true. */
  purgeVolumes: z.boolean().default(true),
  /** Seconds until an instance that does not run is given up and removed. Default 900. */
  timeoutSeconds: z.number().int().min(1).max(7200).default(900),
});

export const instanceState = z.object({
  ...instanceInputs.shape,
  status: z.string(),
  ip: z.string().optional(),
  /** The location taken. */
  locationCode: z.string(),
  osVolumeId: z.string().optional(),
  /** Ids of the disks of `volumes`, in their order. */
  volumeIds: z.array(z.string()).default([]),
  /** Of the whole instance, in the account's currency. */
  pricePerHour: z.number().optional(),
  createdAt: z.string(),
});
export type InstanceInputs = z.output<typeof instanceInputs>;
export type InstanceState = z.output<typeof instanceState>;
