/**
 * The words and shapes that everything around the queue shares.
 *
 * - **user**: a participant (`user001`), or another name that the host gave.
 * - **job**: one accepted ComfyUI prompt; its id is ComfyUI's `prompt_id`.
 * - **attempt**: how often the job was claimed; at the same time the **fencing token**: whatever a
 *   worker says about a job carries its attempt, and is refused when a newer claim exists.
 * - **lease**: the time that a claim is valid for; a heartbeat extends it; when it runs out the job
 *   goes back to the front of its user's jobs.
 * - **payload**: the graph and its extra data, stored compressed beside the job and never read to
 *   list, rank or count.
 */
import { z } from "zod";

/** A user's id: starts with a letter; letters, digits and `-`; at most 32 characters. */
export const userIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
export type UserId = z.infer<typeof userIdSchema>;

/** ComfyUI's prompt_id. The client may choose it; ours are UUIDs. */
export const jobIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export type JobId = z.infer<typeof jobIdSchema>;

/** A worker's name (`worker-1`). */
export const workerNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

export const jobStates = ["pending", "running", "completed", "failed", "cancelled"] as const;
export const jobStateSchema = z.enum(jobStates);
export type JobState = z.infer<typeof jobStateSchema>;

/** Why a job failed, told apart because each asks for something else of the participant. */
export const failureKinds = [
  "graph-refused",
  "execution-error",
  "out-of-memory",
  "comfyui-crashed",
  "timed-out",
  "outputs-missing",
  "worker-lost",
] as const;

export const failureSchema = z.object({
  kind: z.enum(failureKinds),
  /** One or two sentences for the participant: no server path, no traceback, no tensor dump. */
  message: z.string().max(2000),
  /** ComfyUI node that raised it, where there is one. */
  nodeId: z.string().optional(),
  nodeType: z.string().optional(),
  /** Python exception class (`RuntimeError`), where there is one. */
  exceptionType: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;

/**
 * Failures of the worker or its ComfyUI, which the graph may or may not be the cause of: the job is
 * queued again until it has met `maxAttempts` of them. Every other one ends it at once.
 */
export const retriedFailureKinds: readonly Failure["kind"][] = ["comfyui-crashed", "worker-lost"];

/** One file that a job made, as ComfyUI names it (`/view?filename=&subfolder=&type=`). */
export const outputFileSchema = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.enum(["output", "temp", "input"]),
});
export type OutputFile = z.infer<typeof outputFileSchema>;

/** ComfyUI's `[name, data]` pairs in a history entry's `status.messages`. */
export const statusMessageSchema = z.tuple([z.string(), z.record(z.string(), z.unknown())]);

/** What a finished attempt produced: the parts of ComfyUI's history entry that are not the prompt. */
export const jobResultSchema = z.object({
  /** Node id → ComfyUI UI output (`{"images": [{filename, subfolder, type}]}`). */
  outputs: z.record(z.string(), z.record(z.string(), z.unknown())),
  /** Node id → `{node_id, display_node, parent_node, real_node_id}`. */
  meta: z.record(z.string(), z.unknown()),
  /** execution_start, execution_cached, execution_success | execution_error | execution_interrupted. */
  messages: z.array(statusMessageSchema),
});
export type JobResult = z.infer<typeof jobResultSchema>;

/** What a job runs. Kept compressed; released when retention drops the job. */
export const jobPayloadSchema = z.object({
  /** API-format graph: node id → {class_type, inputs}. Already migrated and validated. */
  prompt: z.record(z.string(), z.unknown()),
  /** ComfyUI's extra_data without secrets (`extra_pnginfo.workflow` lives here). */
  extraData: z.record(z.string(), z.unknown()),
  /** Node ids of the outputs that validation accepted; ComfyUI's fifth queue field. */
  outputsToExecute: z.array(z.string()),
});
export type JobPayload = z.infer<typeof jobPayloadSchema>;

/** A payload as it is stored, made by `packPayload`: in another thread when it is large. */
export const packedPayloadSchema = z.object({
  packed: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  /** Length of the JSON text before compression, bytes. */
  bytes: z.number().int().positive(),
});
export type PackedPayload = z.infer<typeof packedPayloadSchema>;

/** Names of the model files that a graph loads. A worker that has them in memory starts sooner. */
export const modelNamesSchema = z.array(z.string().max(256)).max(64);

/** Place in a queue with the policy `priority`: higher is earlier. */
export const prioritySchema = z.number().int().min(-100).max(100);

/** A job without its payload: what listings show. Times are Redis' clock, in ms since the epoch. */
export const jobSchema = z.object({
  id: jobIdSchema,
  user: userIdSchema,
  state: jobStateSchema,
  /** ComfyUI's queue number; negative when the participant asked for the front. */
  number: z.number(),
  /** ComfyUI client_id that gets the execution messages; empty when the client sent none. */
  clientId: z.string(),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  /** Claims so far, and the fencing token of the present claim. 0 until the first claim. */
  attempt: z.number(),
  /** Worker that holds the job (running) or that ended it. */
  worker: z.string().optional(),
  /** Estimated GPU seconds: the unit of fairness. */
  costSeconds: z.number(),
  /** VRAM that the job needs, MiB; 0 runs anywhere. */
  vramMiB: z.number(),
  models: modelNamesSchema,
  /** Counts under the policy `priority` only. */
  priority: prioritySchema,
  /** Length of the payload's JSON text, bytes: lists decide by it whether to carry the graph. */
  payloadBytes: z.number(),
  /** Workers that fell silent over this job. They use up nothing until there are `maxLosses`. */
  losses: z.number(),
  /** Attempts used up: those that ended in a failure which is tried again. */
  faults: z.number(),
  outputsCount: z.number(),
  failure: failureSchema.optional(),
  /** `extra_pnginfo.workflow.id` of the graph, for `/api/jobs?workflow_id=`. */
  workflowId: z.string().optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** A job as a gateway hands it in. */
export const newJobSchema = z.object({
  id: jobIdSchema,
  user: userIdSchema,
  clientId: z.string().max(128),
  payload: z.union([packedPayloadSchema, jobPayloadSchema]),
  costSeconds: z.number().positive(),
  vramMiB: z.number().int().nonnegative(),
  models: modelNamesSchema.default([]),
  /** Put before this user's other jobs. Never before another user's. */
  front: z.boolean().default(false),
  workflowId: z.string().max(128).optional(),
});
export type NewJob = z.input<typeof newJobSchema>;

/** A worker's model files beside those that the templates need. */
export const modelReportSchema = z.object({
  templates: z
    .array(
      z.object({
        name: z.string().max(128),
        /** Files that it lacks, by folder and name; none = the template can run. */
        missing: z.array(z.string().max(512)).max(64),
      }),
    )
    .max(100),
  /** Model files that no template needs. */
  orphans: z.object({ files: z.number().int(), bytes: z.number() }),
});
export type ModelReport = z.infer<typeof modelReportSchema>;

/** What a worker says of itself when it registers. */
export const workerInfoSchema = z.object({
  name: workerNameSchema,
  comfyuiVersion: z.string(),
  /** Fingerprint of its object_info, without cosmetic and file-derived fields. */
  objectInfoFingerprint: z.string(),
  gpu: z.string(),
  vramTotalMiB: z.number(),
  vramFreeMiB: z.number(),
  /** Model files in its GPU's memory, as far as it knows. */
  loadedModels: modelNamesSchema.default([]),
  /** What its disk holds of the model files that the templates need; absent when it did not look. */
  models: modelReportSchema.optional(),
  /** True when no GPU stands behind it (simulated-comfyui). Shown wherever the worker is shown. */
  simulated: z.boolean(),
});
export type WorkerInfo = z.input<typeof workerInfoSchema>;

/** What a worker does now. `starting`: its job waits for a GPU to start (serverless). */
export const workerStatusSchema = z.enum(["idle", "starting", "running", "draining"]);
export type WorkerStatus = z.infer<typeof workerStatusSchema>;

/** A worker as the queue sees it. `lost`: no heartbeat within the stated time. */
export const workerSchema = workerInfoSchema.extend({
  status: z.enum([...workerStatusSchema.options, "lost"]),
  jobId: z.string().optional(),
  lastSeenAt: z.number(),
});
export type Worker = z.infer<typeof workerSchema>;

/** A job's change of state. `remaining`: the user's pending and running jobs after it. */
export const stateEventSchema = z.object({
  kind: z.literal("state"),
  job: jobIdSchema,
  clientId: z.string(),
  attempt: z.number(),
  state: jobStateSchema,
  /** State before; absent for a new job. */
  from: jobStateSchema.optional(),
  /**
   * `requeued` when a lease ran out or a worker gave the job back, `retried` when the host put an
   * ended one back (state is pending again).
   */
  reason: z.enum([
    "enqueued",
    "claimed",
    "requeued",
    "retried",
    "completed",
    "failed",
    "cancelled",
    "deleted",
  ]),
  remaining: z.number(),
  /** Redis' clock, ms. */
  at: z.number(),
});

/** A ComfyUI message of a running attempt, relayed as it came (file names already the user's). */
export const messageEventSchema = z.object({
  kind: z.literal("message"),
  job: jobIdSchema,
  clientId: z.string(),
  attempt: z.number(),
  message: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }),
});

/** Everything that a user's event stream carries. */
export const userEventSchema = z.discriminatedUnion("kind", [stateEventSchema, messageEventSchema]);
export type StateEvent = z.infer<typeof stateEventSchema>;
export type MessageEvent = z.infer<typeof messageEventSchema>;
export type UserEvent = z.infer<typeof userEventSchema>;

/** An order to a worker, delivered at once over pub/sub. */
export const controlMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("interrupt"), job: jobIdSchema, attempt: z.number() }),
  z.object({ kind: z.literal("drain") }),
  z.object({ kind: z.literal("free"), unloadModels: z.boolean(), freeMemory: z.boolean() }),
]);
export type ControlMessage = z.infer<typeof controlMessageSchema>;
