/** Everything the simulator remembers, in the form that a state file holds. Times are simulated, ms since 1970. */
import { z } from "zod";

const time = z.number();
const id = z.string();

/** The one transition that waits, if any; a thing never waits for two. */
const step = z.object({ at: time, to: z.string() });
export type Step = z.output<typeof step>;

export const tagSchema = z.object({ id, key: z.string(), value: z.string() });

export const spotEndSchema = z.enum(["keep_detached", "move_to_trash", "delete_permanently"]);

export const instanceStatusSchema = z.enum([
  "running",
  "provisioning",
  "offline",
  "discontinued",
  "unknown",
  "ordered",
  "notfound",
  "new",
  "error",
  "deleting",
  "validating",
  "no_capacity",
  "installation_failed",
]);
export type InstanceStatus = z.output<typeof instanceStatusSchema>;

const instanceSchema = z.object({
  id,
  status: instanceStatusSchema,
  instance_type: z.string(),
  image: z.string(),
  hostname: z.string(),
  description: z.string(),
  location: z.string(),
  ip: z.string().nullable(),
  createdAt: time,
  ssh_key_ids: z.array(id),
  startup_script_id: id.nullable(),
  systemDisk: id.nullable(),
  /** Disks that were ordered with it: they vanish when there is no capacity. */
  newVolumes: z.array(id),
  is_spot: z.boolean(),
  contract: z.enum(["LONG_TERM", "PAY_AS_YOU_GO", "SPOT"]),
  price_per_hour: z.number(),
  tags: z.array(tagSchema),
  /** How it ends instead of `running`, by an injected fault. */
  fate: z.enum(["no_capacity", "installation_failed", "error"]).optional(),
  next: step.optional(),
});
export type InstanceRecord = z.output<typeof instanceSchema>;

export const volumeStatusSchema = z.enum([
  "ordered",
  "attached",
  "attaching",
  "detached",
  "detaching",
  "deleting",
  "deleted",
  "cloning",
  "restoring",
  "created",
  "exported",
  "canceled",
  "canceling",
  "creating",
]);
export type VolumeStatus = z.output<typeof volumeStatusSchema>;

export const volumeTypeSchema = z.enum(["NVMe", "NVMe_Shared", "HDD"]);
export type VolumeType = z.output<typeof volumeTypeSchema>;

const volumeSchema = z.object({
  id,
  name: z.string(),
  type: volumeTypeSchema,
  size: z.number().int(),
  location: z.string(),
  status: volumeStatusSchema,
  is_os_volume: z.boolean(),
  /** What a system disk was made from. */
  image: z.string().optional(),
  createdAt: time,
  instance_ids: z.array(id),
  target: z.string().nullable(),
  pseudoPath: z.string(),
  onSpotEnd: spotEndSchema,
  tags: z.array(tagSchema),
  deletedAt: time.optional(),
  erased: z.boolean(),
  /** Erased, not moved to the trash, once `deleting` is over. */
  eraseNext: z.boolean(),
  next: step.optional(),
});
export type VolumeRecord = z.output<typeof volumeSchema>;

const sshKeySchema = z.object({
  id,
  name: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  createdAt: time,
});
export type SshKeyRecord = z.output<typeof sshKeySchema>;

const scriptSchema = z.object({ id, name: z.string(), script: z.string(), createdAt: time });
export type ScriptRecord = z.output<typeof scriptSchema>;

export const environmentVariableSchema = z.object({
  name: z.string(),
  value_or_reference_to_secret: z.string(),
  type: z.enum(["plain", "secret"]),
});

export const volumeMountSchema = z.object({
  type: z.enum(["scratch", "memory", "secret", "shared"]),
  mount_path: z.string(),
  size_in_mb: z.number().optional(),
  secret_name: z.string().optional(),
  file_names: z.array(z.string()).optional(),
  volume_id: z.string().optional(),
});

const containerSchema = z.object({
  name: z.string(),
  image: z.string(),
  imageUpdatedAt: time,
  exposed_port: z.number().int(),
  healthcheck: z.object({
    enabled: z.boolean(),
    port: z.number().int().nullable(),
    path: z.string().nullable(),
  }),
  entrypoint_overrides: z.object({
    enabled: z.boolean(),
    entrypoint: z.array(z.string()).nullable(),
    cmd: z.array(z.string()).nullable(),
  }),
  env: z.array(environmentVariableSchema),
  volume_mounts: z.array(volumeMountSchema),
  should_use_cached_image: z.boolean(),
});
export type ContainerRecord = z.output<typeof containerSchema>;

const utilization = z.object({ enabled: z.boolean(), threshold: z.number().nullable() });
export const scalingSchema = z.object({
  min_replica_count: z.number().int(),
  max_replica_count: z.number().int(),
  scale_down_policy: z.object({ delay_seconds: z.number().int() }),
  scale_up_policy: z.object({ delay_seconds: z.number().int() }),
  queue_message_ttl_seconds: z.number().int(),
  concurrent_requests_per_replica: z.number().int(),
  scaling_triggers: z.object({
    queue_load: z.object({ threshold: z.number() }),
    cpu_utilization: utilization,
    gpu_utilization: utilization,
  }),
});
export type ScalingRecord = z.output<typeof scalingSchema>;

export const deploymentStatusSchema = z.enum([
  "initializing",
  "healthy",
  "degraded",
  "unhealthy",
  "paused",
  "quota_reached",
  "image_pulling",
  "updating",
  "terminating",
]);

const deploymentSchema = z.object({
  name: z.string(),
  status: deploymentStatusSchema,
  is_spot: z.boolean(),
  is_verda_io: z.boolean(),
  createdAt: time,
  compute: z.object({ name: z.string(), size: z.number().int() }),
  container_registry_settings: z.object({
    is_private: z.boolean(),
    credentials: z.object({ name: z.string() }).nullable(),
  }),
  containers: z.array(containerSchema),
  scaling: scalingSchema,
  /** Replicas that run or start, and since when. */
  replicas: z.array(z.object({ id, startedAt: time })),
  unhealthy: z.boolean(),
  next: step.optional(),
});
export type DeploymentRecord = z.output<typeof deploymentSchema>;

const secretSchema = z.object({
  name: z.string(),
  secret_type: z.enum(["generic", "file-secret"]),
  file_names: z.array(z.string()),
  createdAt: time,
});
export type SecretRecord = z.output<typeof secretSchema>;

const registryCredentialSchema = z.object({ name: z.string(), createdAt: time });

/** Something that costs money from `since` on. */
const meterSchema = z.object({
  kind: z.enum(["instance", "volume", "deployment"]),
  id,
  pricePerHour: z.number(),
  since: time,
  /** Length of a billed step; of instances and volumes only whole steps count, of deployments started ones. */
  stepSeconds: z.number(),
});
export type Meter = z.output<typeof meterSchema>;

export const stateSchema = z.object({
  instances: z.record(id, instanceSchema),
  volumes: z.record(id, volumeSchema),
  sshKeys: z.record(id, sshKeySchema),
  scripts: z.record(id, scriptSchema),
  deployments: z.record(id, deploymentSchema),
  secrets: z.record(id, secretSchema),
  registryCredentials: z.record(id, registryCredentialSchema),
  meters: z.record(id, meterSchema),
  /** Of meters that ended. */
  spent: z.number(),
  /** Given at the start. */
  deposit: z.number(),
});
export type State = z.output<typeof stateSchema>;

export const emptyState = (deposit: number): State => ({
  instances: {},
  volumes: {},
  sshKeys: {},
  scripts: {},
  deployments: {},
  secrets: {},
  registryCredentials: {},
  meters: {},
  spent: 0,
  deposit,
});
