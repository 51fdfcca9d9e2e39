/** The worker's settings: its environment, parsed once. */
import { logLevelSchema, portSchema } from "@comfymulti/configuration";
import { workerNameSchema } from "@comfymulti/queue";
import { z } from "zod";

const seconds = z.coerce.number().positive().max(86_400);
const text = z.string().min(1);

export const environmentSchema = z
  .object({
    /** This worker's name in the queue, `worker-1`. */
    WORKER_NAME: workerNameSchema,
    /** Its token at the queue manager. Secret. */
    WORKER_TOKEN: text,
    /** `local` and `redis` pull jobs from Redis; `serverless` is called by the provider. */
    INFERENCE_MODE: z.enum(["local", "redis", "serverless"]).default("redis"),
    /** Redis as seen from this machine. */
    INFERENCE_SERVER_REDIS_HOST: text.default("127.0.0.1"),
    REDIS_PORT: portSchema.default(6379),
    REDIS_USERNAME: text.optional(),
    /** Secret. */
    REDIS_PASSWORD: text,
    /** Redis Cluster hash tag that all queue keys share. */
    QUEUE_HASH_TAG: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/)
      .default("cm"),
    /** Where inputs come from and outputs go. */
    QUEUE_MANAGER_URL: z.url({ protocol: /^https?$/ }),
    /** The ComfyUI of this worker; nobody else may submit to it. */
    COMFYUI_URL: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8188"),
    /** Address of the health server. */
    HOST: text.default("127.0.0.1"),
    HEALTH_PORT: portSchema,
    /** Folder for results that are not delivered yet. Must outlive the process. */
    SPOOL_DIRECTORY: text,
    /** A job without any progress for this long is stopped. */
    EXECUTION_TIMEOUT_SECONDS: seconds.default(900),
    /** A job is stopped after this long in all. */
    JOB_TIMEOUT_SECONDS: seconds.default(1800),
    /** One call to ComfyUI or the queue manager. */
    HTTP_TIMEOUT_SECONDS: seconds.default(30),
    /** ComfyUI must answer within this time of the worker's start. */
    STARTUP_TIMEOUT_SECONDS: seconds.default(120),
    /** A claim is lost this long after its last heartbeat; three heartbeats are sent in it. */
    LEASE_SECONDS: seconds.default(30),
    /** On SIGTERM a running job may take this long to end, then it goes back to the queue. */
    DRAIN_SECONDS: z.coerce.number().nonnegative().max(86_400).default(30),
    /** Jobs that need more VRAM are not claimed, MiB. Default: what ComfyUI reports. */
    VRAM_MIB: z.coerce.number().int().positive().optional(),
    LOG_LEVEL: logLevelSchema,
  })
  .refine((environment) => environment.INFERENCE_MODE !== "serverless", {
    path: ["INFERENCE_MODE"],
    error: "serverless is not available yet in this version: use local or redis",
  });

export type Environment = z.infer<typeof environmentSchema>;
