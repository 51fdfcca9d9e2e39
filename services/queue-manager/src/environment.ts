/**
 * Settings of the queue-manager, read from the process environment once, at start.
 * Infrastructure code uses the same schema to know which names to set.
 */
import { jsonText, logLevelSchema, portSchema } from "@comfymulti/configuration";
import {
  defaultOptions,
  jobIdSchema,
  queuePolicySchema,
  userIdSchema,
  workerNameSchema,
} from "@comfymulti/queue";
import { z } from "zod";

/** First path segments that the service keeps for itself; no user can be called so. */
const RESERVED_USER_IDS = new Set(["admin", "api", "health", "internal", "metrics"]);

/** A secret in a link or header: long enough that guessing is hopeless, and needs no escaping. */
const tokenSchema = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{16,256}$/, "must be 16 to 256 characters of A-Z a-z 0-9 . _ ~ -");

/** A participant as the host configured them. */
export const configuredUserSchema = z.object({
  id: userIdSchema.refine((id) => !RESERVED_USER_IDS.has(id), {
    error: (issue) => `is reserved by the service: ${String(issue.input)}; choose another user id`,
  }),
  /** Secret of the personal link. */
  token: tokenSchema,
  /** Origin of the user's frontend (`http://127.0.0.1:8201`), no path. */
  frontendUrl: z.url({ protocol: /^https?$/ }).transform((url) => new URL(url).origin),
  /** Share of GPU time against other users; 2 gets twice as much. Default 1. */
  weight: z.number().positive().max(100).default(1),
});
export type ConfiguredUser = z.infer<typeof configuredUserSchema>;

const distinct = <Item>(items: readonly Item[], key: (item: Item) => string) =>
  new Set(items.map(key)).size === items.length;

const count = z.coerce.number().int().positive();

/** Days are for people; the queue counts in ms. */
export const DAY_MS = 24 * 3600 * 1000;

export const environmentSchema = z.object({
  /** Address to listen on. Default 127.0.0.1. */
  HOST: z.string().default("127.0.0.1"),
  PORT: portSchema,
  /** Redis as the app server sees it. */
  APP_SERVER_REDIS_HOST: z.string().default("127.0.0.1"),
  REDIS_PORT: portSchema.default(6379),
  REDIS_USERNAME: z.string().optional(),
  REDIS_PASSWORD: z.string().min(1),
  /** Name of the platform, shown on pages. Default `comfyume`. */
  PROJECT_NAME: z.string().default("comfyume"),
  /** Hash tag of all queue keys in Redis. Default `cm`. */
  QUEUE_HASH_TAG: jobIdSchema.default("cm"),
  /** Holds `inputs/`, `outputs/` and `temp/`, each with one folder a user. Absolute. */
  DATA_DIRECTORY: z.string().startsWith("/", "must be an absolute path"),
  USERS: jsonText(
    z
      .array(configuredUserSchema)
      .refine((users) => distinct(users, (user) => user.id), "must not name a user twice")
      .refine((users) => distinct(users, (user) => user.token), "must give each user an own token"),
  ),
  ADMIN_TOKEN: tokenSchema,
  WORKER_TOKENS: jsonText(z.record(workerNameSchema, tokenSchema)),
  /** Bearer token that the frontends ask of the gateway. */
  FRONTEND_TOKEN: tokenSchema,
  /** Pending jobs of all users together; one more is answered 429. Default 100. */
  MAX_QUEUE_DEPTH: count.default(defaultOptions.maxQueueDepth),
  /** Compressed graphs that may wait in all, bytes; one more is answered 429. Default 256 MiB. */
  MAX_QUEUE_BYTES: count.default(defaultOptions.maxQueueBytes),
  /** Pending jobs of one user; one more is answered 429. Default 5. */
  USER_PENDING_LIMIT: count.default(defaultOptions.userPendingLimit),
  /** Order of claims: `fair` in GPU seconds, `fifo`, or `priority`. Default fair. */
  QUEUE_POLICY: queuePolicySchema.default(defaultOptions.policy),
  /**
   * How much later a job may be due and still go first because a worker has its models loaded, GPU
   * seconds; 0 = never. Under the policy `fair` only. Default 60.
   */
  AFFINITY_WINDOW_SECONDS: z.coerce
    .number()
    .nonnegative()
    .default(defaultOptions.affinity.windowSeconds),
  /** How often one job may be passed over so. Default 3. */
  AFFINITY_PASSES: z.coerce.number().int().nonnegative().default(defaultOptions.affinity.passes),
  /** Workers that may be lost over one job before it fails as `worker-lost`. Default 10. */
  MAX_WORKER_LOSSES: count.default(defaultOptions.maxLosses),
  /** Attempts that may end in a failure of a worker's ComfyUI; the last one fails the job. Default 3. */
  MAX_ATTEMPTS: count.default(defaultOptions.maxAttempts),
  /** Ended jobs kept of each user. Default 200. */
  HISTORY_PER_USER: count.default(defaultOptions.historyPerUser),
  /** Compressed graphs and results of a user's ended jobs, bytes; the newest stays. Default 32 MiB. */
  HISTORY_BYTES_PER_USER: count.default(defaultOptions.historyBytesPerUser),
  /** Age at which an ended job is dropped, days. Default 7. */
  HISTORY_DAYS: z.coerce
    .number()
    .positive()
    .default(defaultOptions.historyMaxAgeMs / DAY_MS),
  /** Files that a user may upload to each of their folders, bytes in all. Default 5 GiB. */
  USER_UPLOAD_BYTES: count.default(5 * 1024 ** 3),
  /**
   * Whether a graph that the workers would refuse gets the inputs that it lacks, where the node's
   * definition states a default; the answer then says what was changed. Default true.
   */
  MIGRATE_PROMPTS: z.stringbool().default(true),
  LOG_LEVEL: logLevelSchema,
});

/** The settings, parsed. */
export type Environment = z.infer<typeof environmentSchema>;
