/** Settings of rented GPUs: machines that a stack keeps, or replicas that a provider starts by load. */
import { z } from "zod";
import { imageSchema as image, readArchivedImage } from "../storage/index.ts";

const comfyuiVersion = z
  .string()
  .regex(/^\d+\.\d+\.\d+$/, "must be a version of three numbers, 0.11.1");
const gigabytes = z.int().min(1).max(100_000);
const seconds = z.int().min(1).max(86_400);

export const fleetWorkerSchema = z.strictObject({
  /** `worker-1`: its name in the queue and in the private network. */
  name: z
    .string()
    .max(40)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, "must be small letters, digits and dashes, worker-1"),
  /** ComfyUI version of its image. */
  comfyuiVersion,
  image,
  /** The image that ran before; kept on the machine, so that a rollback takes no download. */
  previousImage: image.optional(),
});

/** Machines of a fleet, whatever runs on them. */
export const machineSettingsSchema = z.strictObject({
  /**
   * Workers that an update may have down at once; the others wait until those are healthy again.
   * Default 1. It holds for the first update too: give it the number of workers to rent all at once.
   */
  atMostDown: z.int().min(1).max(20).default(1),
  /** Verda's name of the machine. Default one H100 of 80 GB. */
  instanceType: z.string().min(1).max(63).default("1H100.80S.30V"),
  /** Image of the machine's system, with the NVIDIA driver and Docker. */
  systemImage: z.string().min(1).max(200).default("ubuntu-24.04-cuda-12.8-open-docker"),
  /** Half the price, and taken back at any moment. Default false. */
  spot: z.boolean().default(false),
  /** One data centre for all: a shared filesystem is reached in its own alone. */
  locationCode: z
    .string()
    .regex(/^[A-Z]{2,4}-\d{2}$/, "must be a location's code, FIN-01")
    .default("FIN-01"),
  /** Shared filesystem of the models, GB. Default 200. */
  sharedFilesystemGb: gigabytes.default(200),
  /** Each worker's own disk for results, inputs and what is not delivered yet, GB. Default 100. */
  scratchGb: gigabytes.default(100),
  /** Most memory of a worker's container, MB. Default 98304 (96 GiB of the 120 of one H100). */
  memoryMb: z.int().min(1024).max(4_000_000).default(98_304),
  /** CPU cores of a worker's container. Default 24 of the 30 of one H100. */
  cpus: z.number().positive().max(1024).default(24),
  /**
   * Whether no update may delete the disks and the models' filesystem. Default true; a teardown
   * lifts it, when everything on them is safe elsewhere.
   */
  protectVolumes: z.boolean().default(true),
  /** Templates whose models have to fit. Default: every file of the manifest. */
  templates: z.array(z.string().min(1)).optional(),
  /** A new machine may take this long until it is in the private network and ready. Default 1800. */
  readySeconds: seconds.default(1800),
  /** The models may take this long to come from the vault. Default 7200. */
  restoreSeconds: seconds.default(7200),
  /** A worker may take this long to end its job before it is stopped. Default 1900: one job. */
  drainSeconds: z.int().min(0).max(86_400).default(1900),
});

export const fleetSettingsSchema = machineSettingsSchema
  .extend({
    /** In the order in which a new version reaches them: the first is the canary. */
    workers: z.array(fleetWorkerSchema).min(1).max(20),
  })
  .refine(({ workers }) => new Set(workers.map(({ name }) => name)).size === workers.length, {
    path: ["workers"],
    error: "must have different names",
  });

/** Replicas, whatever runs in them. */
export const replicaSettingsSchema = z.strictObject({
  /** Default one H200 of 141 GB. */
  compute: z
    .strictObject({ name: z.string().min(1).max(100), size: z.int().min(1).max(8) })
    .default({ name: "H200", size: 1 }),
  /** Default true: a replica that is taken back loses its job's progress, and the job runs again. */
  spot: z.boolean().default(true),
  /** Replicas that always run and cost. Default 0: the first job waits for a cold start. */
  minReplicas: z.int().min(0).max(64).default(0),
  /** Default 3. */
  maxReplicas: z.int().min(1).max(64).default(3),
  /** Seconds without work until a replica is given back. Default 300. */
  idleSeconds: seconds.default(300),
  /** A job waits so long for a replica to start, then it goes back to the queue. Default 600. */
  coldStartSeconds: seconds.default(600),
  /** Credentials of a private registry, by the name under which Verda has them. Default: public. */
  registryCredentials: z.string().min(1).max(200).optional(),
  /** Where replicas find the models: id of a shared filesystem. Default: in the image or none. */
  sharedFilesystemId: z.string().min(1).max(200).optional(),
});

export const serverlessSettingsSchema = replicaSettingsSchema
  .extend({
    /** Name of the deployment, part of its address; unique in the account. */
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be small letters, digits and dashes"),
    comfyuiVersion,
    image,
  })
  .refine(({ image: reference }) => readArchivedImage(reference) === undefined, {
    path: ["image"],
    error: "must come from a registry: replicas of Verda's can't be loaded from the vault",
  })
  .refine(({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas, {
    path: ["minReplicas"],
    error: "must not exceed maxReplicas",
  });

export type FleetSettings = z.output<typeof fleetSettingsSchema>;
export type FleetWorker = z.output<typeof fleetWorkerSchema>;
export type ServerlessSettings = z.output<typeof serverlessSettingsSchema>;
