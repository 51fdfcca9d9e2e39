/**
 * A job that leaves the private network: what the dispatcher asks of a GPU replica behind a provider's
 * HTTP endpoint, and what the replica answers. `POST /jobs` takes a remote job and answers lines of
 * JSON, one event each; `GET /facts` tells what the replica is.
 */
import { z } from "zod";
import {
  failureSchema,
  jobPayloadSchema,
  jobResultSchema,
  jobSchema,
  workerInfoSchema,
  workerNameSchema,
} from "./protocol.ts";

/** Largest `POST /jobs` body, bytes: a graph of 32 MiB, with what JSON adds. */
export const REMOTE_JOB_BYTES = 64 * 1024 * 1024;
/** A replica says at least this often that it still runs the job, ms. */
export const REMOTE_SIGN_OF_LIFE_MS = 15_000;

/** What a replica is: everything that a worker registers with, except its name. */
export const replicaFactsSchema = z.object({
  info: workerInfoSchema.omit({ name: true }),
  /** object_info as its ComfyUI wrote it. */
  objectInfoJson: z.string().min(2),
});
export type ReplicaFacts = z.infer<typeof replicaFactsSchema>;

export const remoteJobSchema = z.object({
  /** As the queue gave it to the slot. */
  claim: z.object({
    job: jobSchema,
    payload: jobPayloadSchema,
    attempt: z.number().int().positive(),
    leaseMs: z.number().positive(),
  }),
  /** Name by which the slot claimed it. */
  worker: workerNameSchema,
  /** Where inputs come from, and messages and outputs go to; the replica must know it already. */
  queueManagerUrl: z.url({ protocol: /^https?$/ }),
  /** The slot's worker token there. Secret. */
  token: z.string().min(1).max(256),
  limits: z.object({
    /** Longest time without any message of ComfyUI, ms. */
    noProgressMs: z.number().positive(),
    /** Longest time in all, ms. */
    totalMs: z.number().positive(),
  }),
});
export type RemoteJob = z.infer<typeof remoteJobSchema>;

/** How an attempt ended, with the user's own names of its files. */
export const remoteEndingSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("completed"), result: jobResultSchema }),
  z.object({
    kind: z.literal("failed"),
    failure: failureSchema,
    result: jobResultSchema.optional(),
  }),
]);
export type RemoteEnding = z.infer<typeof remoteEndingSchema>;

/** One line of the answer: `started`, any number of `running`, then one of the other three. */
export const remoteJobEventSchema = z.discriminatedUnion("kind", [
  /** The replica is up, has taken the job, and is this. */
  z.object({ kind: z.literal("started"), info: replicaFactsSchema.shape.info }),
  /** A sign of life; see REMOTE_SIGN_OF_LIFE_MS. */
  z.object({ kind: z.literal("running") }),
  z.object({ kind: z.literal("ended"), ending: remoteEndingSchema }),
  /** It did not run to an end, by no fault of its own: back to the queue. */
  z.object({ kind: z.literal("given-back"), reason: z.string().max(2000) }),
  /** The queue manager said that this attempt does not hold the job any more. */
  z.object({ kind: z.literal("dropped"), reason: z.string().max(2000) }),
]);
export type RemoteJobEvent = z.infer<typeof remoteJobEventSchema>;
