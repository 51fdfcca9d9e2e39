/**
 * What the API answers, as far as this project uses it. Lists and objects may hold more than is
 * named here; where official sources contradict each other, both forms are taken.
 */
import { z } from "zod";

const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text === null || text === "" ? undefined : text));
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
/** Prices are strings in one part of the API and numbers in another. */
const price = z.coerce.number();

export const tokenAnswer = z.object({
  access_token: z.string().min(1),
  /** Seconds. One third party has seen answers without it, and takes 590 then. */
  expires_in: z.number().positive().default(590),
});

/** The bare id as text by both official clients, a JSON string or object by the OpenAPI document. */
export const idAnswer = z
  .string()
  .transform((text) => {
    const bare = text.trim();
    if (!bare.startsWith("{")) return bare.replace(/^"|"$/g, "");
    try {
      return z.object({ id: z.string() }).parse(JSON.parse(bare)).id;
    } catch {
      return "";
    }
  })
  .pipe(z.string().regex(/^[A-Za-z0-9._~-]{1,200}$/, "is no id"));

/** An array of one by both official clients, the object itself by the OpenAPI document. */
export const oneOf = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([z.array(schema).transform((list) => list[0]), schema]);

export const instanceAnswer = z.object({
  id: z.string(),
  status: z.string(),
  instance_type: z.string(),
  image: z.string(),
  hostname: z.string(),
  description: optionalText,
  location: z.string(),
  ip: optionalText,
  created_at: z.string(),
  ssh_key_ids: texts,
  startup_script_id: optionalText,
  os_volume_id: optionalText,
  volume_ids: texts,
  price_per_hour: price.nullish(),
  is_spot: z.boolean().default(false),
});
export type InstanceAnswer = z.output<typeof instanceAnswer>;

export const volumeAnswer = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  type: z.string(),
  size: z.number(),
  location: z.string(),
  is_os_volume: z.boolean().default(false),
  created_at: z.string(),
  instance_id: optionalText,
  instances: z
    .array(z.object({ id: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
  pseudo_path: optionalText,
  mount_command: optionalText,
  create_directory_command: optionalText,
  filesystem_to_fstab_command: optionalText,
  monthly_price: price.nullish(),
  currency: optionalText,
});
export type VolumeAnswer = z.output<typeof volumeAnswer>;

/** One entry an instance, of a call that acts on instances. */
export const actionAnswer = z.array(
  z.object({
    status: z.string().optional(),
    error: optionalText,
    statusCode: z.number().nullish(),
  }),
);

export const sshKeyAnswer = z.object({
  id: z.string(),
  name: z.string(),
  key: z.string(),
  fingerprint: optionalText,
});
export type SshKeyAnswer = z.output<typeof sshKeyAnswer>;

export const scriptAnswer = z.object({ id: z.string(), name: z.string(), script: z.string() });
export type ScriptAnswer = z.output<typeof scriptAnswer>;

export const secretAnswer = z.object({ name: z.string(), created_at: optionalText });
export type SecretAnswer = z.output<typeof secretAnswer>;

const environmentVariable = z.object({
  name: z.string(),
  value_or_reference_to_secret: z.string(),
  type: z.enum(["plain", "secret"]),
});
const containerAnswer = z.object({
  name: z.string(),
  image: z.union([z.string(), z.object({ image: z.string() }).transform(({ image }) => image)]),
  exposed_port: z.number(),
  healthcheck: z
    .object({ enabled: z.boolean(), port: z.number().nullish(), path: optionalText })
    .nullish(),
  entrypoint_overrides: z.object({ enabled: z.boolean(), entrypoint: texts, cmd: texts }).nullish(),
  env: z
    .array(environmentVariable)
    .nullish()
    .transform((list) => list ?? []),
  volume_mounts: z
    .array(
      z.object({
        type: z.string(),
        mount_path: z.string(),
        size_in_mb: z.number().nullish(),
        secret_name: optionalText,
        volume_id: optionalText,
      }),
    )
    .nullish()
    .transform((list) => list ?? []),
  should_use_cached_image: z.boolean().default(true),
});
export const deploymentAnswer = z.object({
  name: z.string(),
  is_spot: z.boolean().default(false),
  endpoint_base_url: z.string(),
  created_at: z.string(),
  compute: z.object({ name: z.string(), size: z.number() }),
  container_registry_settings: z
    .object({
      is_private: z.coerce.boolean(),
      credentials: z.object({ name: z.string() }).nullish(),
    })
    .nullish(),
  containers: z.array(containerAnswer),
});
export type DeploymentAnswer = z.output<typeof deploymentAnswer>;

export const deploymentStatusAnswer = z.object({ status: z.string() });

const policy = z.object({ delay_seconds: z.number() });
const trigger = z
  .object({ enabled: z.boolean(), threshold: z.number().nullish() })
  .nullish()
  .transform((value) => value ?? { enabled: false });
export const scalingAnswer = z.object({
  min_replica_count: z.number(),
  max_replica_count: z.number(),
  scale_down_policy: policy,
  scale_up_policy: policy,
  queue_message_ttl_seconds: z.number(),
  concurrent_requests_per_replica: z.number().default(1),
  scaling_triggers: z.object({
    queue_load: z.object({ threshold: z.number() }),
    cpu_utilization: trigger,
    gpu_utilization: trigger,
  }),
});
export type ScalingAnswer = z.output<typeof scalingAnswer>;

export const availabilityAnswer = z.array(
  z.object({ location_code: z.string(), availabilities: z.array(z.string()) }),
);

const amount = z.object({ size_in_gigabytes: z.number() });
export const instanceTypeAnswer = z.object({
  instance_type: z.string(),
  name: z.string().default(""),
  price_per_hour: price,
  spot_price: price,
  currency: z.string().default("usd"),
  gpu: z.object({ number_of_gpus: z.number() }),
  /** Over all GPUs. */
  gpu_memory: amount,
  memory: amount,
});
export const volumeTypeAnswer = z.object({
  type: z.string(),
  price: z.object({ price_per_month_per_gb: price, currency: z.string().default("usd") }),
});
export const containerTypeAnswer = z.object({
  model: z.string(),
  name: z.string(),
  serverless_price: price,
  serverless_spot_price: price,
  gpu_memory: amount.optional(),
  currency: z.string().default("usd"),
});
export const computeResourceAnswer = z.object({
  name: z.string(),
  size: z.number(),
  is_available: z.boolean(),
});
export const locationAnswer = z.object({ code: z.string(), name: z.string() });
export const balanceAnswer = z.object({
  amount: z.number(),
  currency: z.string().transform((code) => code.toLowerCase()),
});
