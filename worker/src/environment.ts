/** The worker's settings: its environment, parsed once. Which schema counts is for INFERENCE_MODE to say. */
import { logLevelSchema, portSchema } from "@comfymulti/configuration";
import { workerNameSchema } from "@comfymulti/queue";
import { z } from "zod";
import { comfyuiCommandSchema } from "./comfyui-process/command.ts";
import { modelsSettingsSchema } from "./models/index.ts";

const seconds = z.coerce.number().positive().max(86_400);
const text = z.string().min(1);

/** How jobs come to this worker. */
export const modeSchema = z.object({
  /** `local` and `redis` claim jobs from Redis; `serverless` is called with them over HTTP. */
  INFERENCE_MODE: z.enum(["local", "redis", "serverless"]).default("redis"),
});

/** What a worker needs however jobs come to it. */
const machineSchema = z.object({
  /** Where inputs come from and outputs go. */
  QUEUE_MANAGER_URL: z.url({ protocol: /^https?$/ }),
  /** The ComfyUI of this worker; nobody else may submit to it. */
  COMFYUI_URL: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8188"),
  /**
   * Program and arguments of ComfyUI, JSON or words: the worker starts it and starts it again when
   * it ends. Default: somebody else runs it.
   */
  COMFYUI_COMMAND: comfyuiCommandSchema.optional(),
  /** Which GPUs of the machine ComfyUI sees, as CUDA reads it: `1`, or a GPU's UUID. */
  CUDA_VISIBLE_DEVICES: z.string().max(1000).optional(),
  /** Address that the worker's HTTP server listens on. */
  HOST: text.default("127.0.0.1"),
  /** Port of `/health`; in the mode `serverless` that of the jobs too. */
  HEALTH_PORT: portSchema,
  /** Folder for results that are not delivered yet. Must outlive the process. */
  SPOOL_DIRECTORY: text,
  /** One call to ComfyUI or the queue manager. */
  HTTP_TIMEOUT_SECONDS: seconds.default(30),
  /** ComfyUI must answer within this time of the worker's start. */
  STARTUP_TIMEOUT_SECONDS: seconds.default(120),
  /** Jobs that need more VRAM are not claimed, MiB. Default: what ComfyUI reports. */
  VRAM_MIB: z.coerce.number().int().positive().optional(),
  /** How long a job waits for other processes on the GPU to let go of memory that it needs. */
  VRAM_WAIT_SECONDS: seconds.default(30),
  LOG_LEVEL: logLevelSchema,
});

/** The modes `local` and `redis`. */
export const environmentSchema = machineSchema.extend({
  INFERENCE_MODE: z.enum(["local", "redis"]).default("redis"),
  /** This worker's name in the queue, `worker-1`. */
  WORKER_NAME: workerNameSchema,
  /** Its token at the queue manager. Secret. */
  WORKER_TOKEN: text,
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
  MODELS_DIRECTORY: modelsSettingsSchema.shape.MODELS_DIRECTORY,
  /** A job without any progress for this long is stopped. */
  EXECUTION_TIMEOUT_SECONDS: seconds.default(900),
  /** A job is stopped after this long in all. */
  JOB_TIMEOUT_SECONDS: seconds.default(1800),
  /** A claim is lost this long after its last heartbeat; three heartbeats are sent in it. */
  LEASE_SECONDS: seconds.default(30),
  /** On SIGTERM a running job may take this long to end, then it goes back to the queue. */
  DRAIN_SECONDS: z.coerce.number().nonnegative().max(86_400).default(30),
});

export type Environment = z.infer<typeof environmentSchema>;

/** The mode `serverless`: name, token and limits come with each job, and Redis is out of reach. */
export const serverlessEnvironmentSchema = machineSchema;

export type ServerlessEnvironment = z.infer<typeof serverlessEnvironmentSchema>;
