/** Bodies about container deployments, with the extras that the official Python SDK sends. */
import { z } from "zod";
import { environmentVariableSchema } from "../world/state.ts";
import { ignored } from "./body.ts";

const count = z.number().int().min(0).max(10_000);
const text = z.string().max(10_000);
const port = z.number().int().min(1).max(65_535);

const healthcheck = z
  .strictObject({ enabled: z.boolean(), port: port.optional(), path: text.optional() })
  .refine(
    ({ enabled, port: number, path }) => !enabled || (number !== undefined && path !== undefined),
    {
      error: "port and path are required when the healthcheck is enabled",
    },
  )
  .transform((value) => ({ ...value, port: value.port ?? null, path: value.path ?? null }));

const entrypointOverrides = z
  .strictObject({
    enabled: z.boolean(),
    entrypoint: z.array(text).max(1000).optional(),
    cmd: z.array(text).max(1000).optional(),
  })
  .transform(({ enabled, entrypoint, cmd }) => ({
    enabled,
    entrypoint: enabled ? (entrypoint ?? null) : null,
    cmd: enabled ? (cmd ?? null) : null,
  }));

const variable = z.strictObject({
  ...environmentVariableSchema.shape,
  name: z
    .string()
    .max(255)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name of a variable"),
  value_or_reference_to_secret: z.string().max(65_536),
});
const variables = z.array(variable).max(500);

const mountPath = z.string().startsWith("/").max(1000);
/** 64, 128, … 32768. */
const memorySize = z
  .number()
  .refine((size) => size >= 64 && size <= 32_768 && Number.isInteger(Math.log2(size)), {
    error: "must be a power of two from 64 to 32768",
  });
const volumeMount = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("scratch"), mount_path: mountPath }),
  z.strictObject({
    type: z.literal("memory"),
    mount_path: z.literal("/dev/shm"),
    size_in_mb: memorySize,
  }),
  z.strictObject({
    type: z.literal("secret"),
    mount_path: mountPath,
    secret_name: z.string(),
    file_names: z.array(z.string()).optional(),
  }),
  z.strictObject({ type: z.literal("shared"), mount_path: mountPath, volume_id: z.string() }),
]);

const imageName = z.string().min(1).max(1000).regex(/^\S+$/, "must be an image");
/** As answers hold it: the Python SDK sends back what it read. */
const image = z.union([
  imageName,
  z.looseObject({ image: imageName }).transform((one) => one.image),
]);

const container = {
  healthcheck: healthcheck.optional(),
  entrypoint_overrides: entrypointOverrides.optional(),
  env: variables.optional(),
  volume_mounts: z.array(volumeMount).max(50).optional(),
  should_use_cached_image: z.boolean().optional(),
};

const compute = z
  .strictObject({ name: z.string(), size: z.number().int(), is_available: ignored })
  .transform(({ name, size }) => ({ name, size }));

const registry = z
  .strictObject({
    is_private: z.boolean(),
    credentials: z.strictObject({ name: z.string() }).optional(),
  })
  .transform(({ is_private, credentials }) => ({ is_private, credentials: credentials ?? null }));

const policy = z.strictObject({ delay_seconds: count });
const utilization = z
  .strictObject({ enabled: z.boolean(), threshold: z.number().min(0).max(100).optional() })
  .transform(({ enabled, threshold }) => ({ enabled, threshold: threshold ?? null }));
const off = { enabled: false, threshold: null };
const queueLoad = z.strictObject({ threshold: z.number().positive() });

export const scalingBody = z.strictObject({
  min_replica_count: count,
  max_replica_count: count.min(1),
  scale_down_policy: policy,
  scale_up_policy: policy,
  queue_message_ttl_seconds: count,
  concurrent_requests_per_replica: count.min(1).max(100).default(1),
  scaling_triggers: z.strictObject({
    queue_load: queueLoad,
    cpu_utilization: utilization.default(off),
    gpu_utilization: utilization.default(off),
  }),
});

/** A change: what is left out stays. */
export const scalingPatch = z.strictObject({
  min_replica_count: count.optional(),
  max_replica_count: count.min(1).optional(),
  scale_down_policy: policy.optional(),
  scale_up_policy: policy.optional(),
  queue_message_ttl_seconds: count.optional(),
  concurrent_requests_per_replica: count.min(1).max(100).optional(),
  scaling_triggers: z
    .strictObject({
      queue_load: queueLoad.optional(),
      cpu_utilization: utilization.optional(),
      gpu_utilization: utilization.optional(),
    })
    .optional(),
});

/** Fields of the Python SDK's own object, which it sends along. */
const pythonExtras = {
  _inference_client: ignored,
  endpoint_base_url: ignored,
  created_at: ignored,
};

/** An RFC 1123 label: it is the deployment's id. */
const deploymentName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and hyphens");

export const createBody = z.strictObject({
  name: deploymentName,
  is_spot: z.boolean().default(false),
  compute,
  container_registry_settings: registry,
  containers: z
    .array(z.strictObject({ ...container, image, exposed_port: port, name: ignored }))
    .min(1)
    .max(10),
  scaling: scalingBody,
  is_verda_io: z.boolean().default(false),
  ...pythonExtras,
});

const autoupdate = z.strictObject({
  enabled: z.boolean(),
  mode: z.enum(["latest", "semantic"]).optional(),
  tag_filter: z.string().max(1000).optional(),
});

export const patchBody = z.strictObject({
  is_spot: z.boolean().optional(),
  compute: compute.optional(),
  container_registry_settings: registry.optional(),
  containers: z
    .array(
      z.strictObject({
        ...container,
        image: image.optional(),
        exposed_port: port.optional(),
        name: z.string(),
        autoupdate: autoupdate.optional(),
      }),
    )
    .min(1)
    .max(10)
    .optional(),
  // The Python SDK sends its whole object; these are not changed by this call.
  name: ignored,
  scaling: ignored,
  is_verda_io: ignored,
  ...pythonExtras,
});

export const environmentBody = z.strictObject({
  container_name: z.string(),
  env: variables.min(1),
});
export const environmentNames = z.strictObject({
  container_name: z.string(),
  env: z.array(z.string().max(255)).min(1).max(500),
});
