/** What a container may be declared with to be run for real; in the docker package's own terms. */
import { z } from "zod";

const mount = z.strictObject({
  type: z.enum(["bind", "volume"]),
  source: z.string(),
  target: z.string(),
  readOnly: z.boolean().optional(),
});

const port = z.strictObject({
  internal: z.int(),
  external: z.int().optional(),
  ip: z.string().default("0.0.0.0"),
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
});

const NANOSECONDS = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, ns: 1 } as const;

/** Go's spelling, `1m30s`, as nanoseconds. */
const duration = z
  .string()
  .regex(/^(0|(\d+(\.\d+)?(h|ms|m|s|us|ns))+)$/, 'must be a duration such as "1m30s"')
  .transform((text) =>
    [...text.matchAll(/([\d.]+)(h|ms|m|s|us|ns)/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * NANOSECONDS[unit as keyof typeof NANOSECONDS],
      0,
    ),
  );

const healthcheck = z.strictObject({
  tests: z.array(z.string()).min(1),
  interval: duration.optional(),
  timeout: duration.optional(),
  startPeriod: duration.optional(),
  startInterval: duration.optional(),
  retries: z.int().optional(),
});

/** A file that is in the container before it starts. */
const upload = z
  .strictObject({
    file: z.string().startsWith("/"),
    content: z.string().optional(),
    contentBase64: z.base64().optional(),
    /** Path on the machine that runs the engine. */
    source: z.string().optional(),
    /** Only there to be a change. */
    sourceHash: z.string().optional(),
    executable: z.boolean().default(false),
    /** `0640`. Default: 0644, or 0744 when it is executable. */
    permissions: z
      .string()
      .regex(/^[0-7]{3,4}$/, 'must be octal, such as "0640"')
      .optional(),
  })
  .refine(
    ({ content, contentBase64, source }) =>
      [content, contentBase64, source].filter((each) => each !== undefined).length === 1,
    "must have exactly one of content, contentBase64 and source",
  );

const texts = z.array(z.string());
const megabytes = z.int().positive();

export const containerInputsSchema = z.strictObject({
  name: z.string(),
  image: z.string(),
  entrypoints: texts.optional(),
  command: texts.optional(),
  user: z.string().optional(),
  envs: texts.optional(),
  hostname: z.string().optional(),
  labels: z.array(z.strictObject({ label: z.string(), value: z.string() })).optional(),
  memory: megabytes.optional(),
  /** Memory and swap together; -1 is no bound. */
  memorySwap: z.int().min(-1).optional(),
  shmSize: megabytes.optional(),
  /** Cores: `0.5`. */
  cpus: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of cores such as "0.5"')
    .optional(),
  gpus: z.literal("all", "must be all").optional(),
  readOnly: z.boolean().optional(),
  init: z.boolean().optional(),
  tmpfs: z.record(z.string(), z.string()).optional(),
  mounts: z.array(mount).optional(),
  uploads: z.array(upload).optional(),
  ports: z.array(port).optional(),
  capabilities: z.strictObject({ adds: texts.optional(), drops: texts.optional() }).optional(),
  securityOpts: texts.optional(),
  restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).optional(),
  maxRetryCount: z.int().optional(),
  logDriver: z.string().optional(),
  logOpts: z.record(z.string(), z.string()).optional(),
  healthcheck: healthcheck.optional(),
  networkMode: z.string().optional(),
  networksAdvanced: z
    .array(
      z.strictObject({
        /** Name or id. */
        name: z.string(),
        aliases: texts.optional(),
        ipv4Address: z.ipv4().optional(),
      }),
    )
    .optional(),
  stopSignal: z.string().optional(),
  /** Seconds. */
  stopTimeout: z.int().nonnegative().optional(),
  destroyGraceSeconds: z.int().nonnegative().optional(),
  removeVolumes: z.boolean().optional(),
  mustRun: z.boolean().optional(),
  wait: z.boolean().optional(),
  /** Seconds. */
  waitTimeout: z.number().positive().optional(),
});

export type ContainerInputs = z.output<typeof containerInputsSchema>;
