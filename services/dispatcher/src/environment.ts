/** Settings of the dispatcher, read from the process environment once, at start. */
import { jsonText, logLevelSchema, portSchema } from "@comfymulti/configuration";
import { workerNameSchema } from "@comfymulti/queue";
import { z } from "zod";

const seconds = z.coerce.number().positive().max(86_400);
const text = z.string().min(1);
const url = z.url({ protocol: /^https?$/ });

export const environmentSchema = z.object({
  /** Address of the container deployment: `https://containers.datacrunch.io/DEPLOYMENT`. */
  ENDPOINT_URL: url,
  /** The provider's inference key, sent as Bearer token with each call. Secret. */
  INFERENCE_KEY: text
    .max(1024)
    .regex(/^[\x21-\x7e]+$/, "must have no space, line break or letter with an accent"),
  /**
   * Token of each slot at the queue manager, by the slot's name (`{"serverless-1": "…"}`): the same
   * pairs as in its WORKER_TOKENS. One slot a replica that the deployment may have. Secret.
   */
  SLOT_TOKENS: jsonText(
    z
      .record(workerNameSchema, z.string().min(16).max(256))
      .refine((tokens) => Object.keys(tokens).length > 0, "must name at least one slot")
      .refine((tokens) => Object.keys(tokens).length <= 64, "must name at most 64 slots"),
  ),
  /** The queue manager as a replica reaches it; the replica's own QUEUE_MANAGER_URL is the same. */
  QUEUE_MANAGER_URL: url,
  /** Redis as the app server sees it. */
  APP_SERVER_REDIS_HOST: text.default("127.0.0.1"),
  REDIS_PORT: portSchema.default(6379),
  REDIS_USERNAME: text.optional(),
  /** Secret. */
  REDIS_PASSWORD: text,
  /** Redis Cluster hash tag that all queue keys share. */
  QUEUE_HASH_TAG: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/)
    .default("cm"),
  /** Where the replicas' object_info is kept, so that jobs are accepted while none is up. */
  FACTS_FILE: z.string().startsWith("/", "must be an absolute path"),
  /** A job waits so long for a replica to start, then it goes back to the queue. Default 600. */
  COLD_START_SECONDS: seconds.default(600),
  /** A job without any progress for this long is stopped. Default 900. */
  EXECUTION_TIMEOUT_SECONDS: seconds.default(900),
  /** A job is stopped after this long in all. Default 1800. */
  JOB_TIMEOUT_SECONDS: seconds.default(1800),
  /** A job counts as lost this long after its replica fell silent or went away. Default 30. */
  LEASE_SECONDS: seconds.default(30),
  /** On SIGTERM a running job may take this long to end, then it goes back to the queue. Default 30. */
  DRAIN_SECONDS: z.coerce.number().nonnegative().max(86_400).default(30),
  /** Address of `/health`. Default 127.0.0.1. */
  HOST: text.default("127.0.0.1"),
  HEALTH_PORT: portSchema,
  LOG_LEVEL: logLevelSchema,
});

/** The settings, parsed. */
export type Environment = z.infer<typeof environmentSchema>;
