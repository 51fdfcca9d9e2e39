/** What the spool keeps of a job on disk: enough to deliver its result after a restart. */
import {
  failureSchema,
  jobIdSchema,
  jobResultSchema,
  outputFileSchema,
  workerNameSchema,
} from "@comfymulti/queue";
import { z } from "zod";

export const spooledFileSchema = z.object({
  /** ComfyUI's name of the file. */
  source: outputFileSchema,
  /** Name of the file that holds the bytes, inside the entry's folder. */
  blob: z.string().regex(/^file-\d+$/),
  size: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The user's own name of it, once the queue manager has it. */
  delivered: outputFileSchema.optional(),
});
export type SpooledFile = z.infer<typeof spooledFileSchema>;

/** How an attempt ended. File names are still ComfyUI's. */
export const endingSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("completed"), result: jobResultSchema }),
  z.object({
    kind: z.literal("failed"),
    failure: failureSchema,
    result: jobResultSchema.optional(),
  }),
]);
export type Ending = z.infer<typeof endingSchema>;

export const messageSchema = z.object({
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type Message = z.infer<typeof messageSchema>;

export const recordSchema = z.object({
  holder: z.object({ worker: workerNameSchema, job: jobIdSchema, attempt: z.number().int() }),
  leaseMs: z.number().positive(),
  files: z.array(spooledFileSchema),
  /** `executed` messages that could not be relayed in time; sent before the end. */
  withheld: z.array(messageSchema),
  /** Absent while the job runs; an entry without it is worth nothing after a restart. */
  ending: endingSchema.optional(),
});
export type SpoolRecord = z.infer<typeof recordSchema>;
