/**
 * Settings of the queue-manager, read from the process environment once, at start.
 * Infrastructure code uses the same schema to know which names to set.
 */
import { jsonText, logLevelSchema, portSchema } from "@comfymulti/configuration";
import { jobIdSchema, userIdSchema, workerNameSchema } from "@comfymulti/queue";
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
  MAX_QUEUE_DEPTH: z.coerce.number().int().positive().default(100),
  /** Pending jobs of one user; one more is answered 429. Default 5. */
  USER_PENDING_LIMIT: z.coerce.number().int().positive().default(5),
  /** Order of claims: fair in GPU seconds, or first come, first served. Default fair. */
  QUEUE_POLICY: z.enum(["fair", "fifo"]).default("fair"),
  /** Workers that may be lost over one job before it fails as `worker-lost`. Default 10. */
  MAX_WORKER_LOSSES: z.coerce.number().int().positive().default(10),
  LOG_LEVEL: logLevelSchema,
});

/** The settings, parsed. */
export type Environment = z.infer<typeof environmentSchema>;
