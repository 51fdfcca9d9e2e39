/** What the invariant checker looks at: the queue's own records, read without the queue's code. */
import { z } from "zod";

export const endStates = ["completed", "failed", "cancelled"] as const;

/** A job as its Redis hash says it. */
export const queuedJobSchema = z.object({
  id: z.string(),
  user: z.string(),
  state: z.string(),
  /** By Redis' clock, ms. */
  createdAt: z.coerce.number(),
});
export type QueuedJob = z.infer<typeof queuedJobSchema>;

/** A change of state, as a user's stream tells it. */
export const stateChangeSchema = z.object({
  job: z.string(),
  state: z.string(),
  /** `enqueued`, `claimed`, `requeued`, `retried`, or the state itself. */
  reason: z.string(),
  attempt: z.number(),
});
export type StateChange = z.infer<typeof stateChangeSchema>;

/** A file in the listing of a user's outputs. */
export const listedFileSchema = z.object({
  subfolder: z.string(),
  filename: z.string(),
  bytes: z.number(),
});
export type ListedFile = z.infer<typeof listedFileSchema>;

export const factsSchema = z.object({
  /** Every job of the watched users that Redis knows. */
  jobs: z.array(queuedJobSchema),
  /** Every change of state since the watch began, oldest first, with whose stream told it. */
  changes: z.array(stateChangeSchema.extend({ user: z.string() })),
  /** Ids of jobs that a worker holds. */
  held: z.array(z.string()),
  /** The listing of each user's outputs. */
  outputs: z.array(z.object({ user: z.string(), files: z.array(listedFileSchema) })),
});
export type Facts = z.infer<typeof factsSchema>;
