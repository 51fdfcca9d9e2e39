/** What a `ContainerDeployment` is declared by and what is known of one that exists. */
import { z } from "zod";
import { givenId, hostLabel } from "./names.ts";

const port = z.number().int().min(1).max(65_535);
const absolutePath = z.string().startsWith("/", "must be an absolute path").max(1024);
const seconds = z.number().int().min(0).max(604_800);

const healthcheck = z
  .strictObject({
    enabled: z.boolean(),
    port: port.optional(),
    path: absolutePath.optional(),
  })
  .refine(({ enabled, port, path }) => !enabled || (port !== undefined && path !== undefined), {
    error: "needs port and path when it is enabled",
  });

const environmentVariable = z.strictObject({
  name: z
    .string()
    .max(256)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "may hold letters, digits and _"),
  /** The value, or for type `secret` the secret's `fullName`. */
  valueOrReferenceToSecret: z.string().max(32_768),
  type: z.enum(["plain", "secret"]).default("plain"),
});

const volumeMount = z.discriminatedUnion("type", [
  /** General storage of 500 GB that is there anyway. */
  z.strictObject({ type: z.literal("scratch"), mountPath: absolutePath }),
  z.strictObject({
    type: z.literal("memory"),
    mountPath: z.literal("/dev/shm").default("/dev/shm"),
    /** MB: 64, 128, … 32768. */
    sizeInMb: z
      .number()
      .int()
      .refine(
        (size) => size >= 64 && size <= 32_768 && Number.isInteger(Math.log2(size)),
        "must be a power of two from 64 to 32768",
      ),
  }),
  z.strictObject({
    type: z.literal("secret"),
    mountPath: absolutePath,
    /** Of a secret that holds files. */
    secretName: z.string().min(1).max(200),
  }),
  /** A shared filesystem at the compute's location. */
  z.strictObject({ type: z.literal("shared"), mountPath: absolutePath, volumeId: givenId }),
]);

const container = z.strictObject({
  image: z
    .string()
    .max(1000)
    .regex(
      /^[^\s]+(:[^\s:/@]+|@sha256:[0-9a-f]{64})$/,
      "must name a tag or digest, such as registry.example/worker:1.2",
    )
    .refine(
      (image) => !/:latest$/.test(image),
      "must name a version: 'latest' is another image tomorrow",
    ),
  exposedPort: port,
  healthcheck: healthcheck.optional(),
  entrypointOverrides: z
    .strictObject({
      enabled: z.boolean(),
      entrypoint: z.array(z.string()).default([]),
      cmd: z.array(z.string()).default([]),
    })
    .optional(),
  env: z.array(environmentVariable).max(200).default([]),
  volumeMounts: z.array(volumeMount).max(20).default([]),
  /** Default true. */
  shouldUseCachedImage: z.boolean().default(true),
});

const utilisation = z.strictObject({
  enabled: z.boolean(),
  /** Percent. */
  threshold: z.number().min(1).max(100).optional(),
});
const scaling = z
  .strictObject({
    /** 0: no replica runs, and none costs, while there is no request. */
    minReplicaCount: z.number().int().min(0).max(1000),
    maxReplicaCount: z.number().int().min(1).max(1000),
    scaleDownPolicy: z.strictObject({ delaySeconds: seconds }).default({ delaySeconds: 300 }),
    scaleUpPolicy: z.strictObject({ delaySeconds: seconds }).default({ delaySeconds: 0 }),
    /** A request that waits longer is dropped. */
    queueMessageTtlSeconds: seconds.default(3600),
    concurrentRequestsPerReplica: z.number().int().min(1).max(100).default(1),
    scalingTriggers: z
      .strictObject({
        /** Waiting requests for one replica. */
        queueLoad: z.strictObject({ threshold: z.number().min(1).max(1000) }),
        cpuUtilization: utilisation.default({ enabled: false }),
        gpuUtilization: utilisation.default({ enabled: false }),
      })
      .prefault({ queueLoad: { threshold: 1 } }),
  })
  .refine(({ minReplicaCount, maxReplicaCount }) => minReplicaCount <= maxReplicaCount, {
    path: ["minReplicaCount"],
    error: "must not exceed maxReplicaCount",
  });

export const containerDeploymentInputs = z.strictObject({
  /** Its id on Verda, unique in the account. */
  name: hostLabel,
  /** Default false. */
  isSpot: z.boolean().default(false),
  /** Such as `{ name: "H200", size: 1 }`; `market.ts` lists them. */
  compute: z.strictObject({
    name: z.string().min(1).max(100),
    size: z.number().int().min(1).max(64),
  }),
  containerRegistrySettings: z
    .strictObject({
      isPrivate: z.boolean(),
      /** The credentials stored on Verda, by name. */
      credentials: z.strictObject({ name: z.string().min(1).max(200) }).optional(),
    })
    .default({ isPrivate: false }),
  containers: z.array(container).length(1, "must hold exactly one container"),
  scaling,
  /** Seconds until a deployment that is not healthy is given up. Default 900. */
  timeoutSeconds: z.number().int().min(1).max(7200).default(900),
});

export const containerDeploymentState = z.object({
  ...containerDeploymentInputs.shape,
  status: z.string(),
  /** Requests go to `<endpointBaseUrl>/<path>` with an inference key. */
  endpointBaseUrl: z.string(),
  createdAt: z.string(),
});
export type ContainerDeploymentInputs = z.output<typeof containerDeploymentInputs>;
export type ContainerDeploymentState = z.output<typeof containerDeploymentState>;
