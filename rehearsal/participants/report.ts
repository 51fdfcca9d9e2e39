/**
 * What a run of simulated participants found out, in a form that can be stored as JSON and drawn.
 * Times are ms since the epoch by the participants' clock; what only the server knows (when a job
 * began and ended) is brought to that clock by the moments at which the participant learned of it.
 */
import { z } from "zod";
import { settingsSchema } from "./options.ts";

export const outcomes = [
  /** Ended well, and every picture is the one that was asked for. */
  "completed",
  /** The participant cancelled it. */
  "cancelled",
  /** Ended well, and a picture is not the one that was asked for. */
  "wrong",
  /** The platform says that it failed, or cancelled it unasked. */
  "failed",
  /** Was accepted and has no end. */
  "lost",
  /** Was never accepted. */
  "refused",
  /** The run was stopped before its end. */
  "unfinished",
] as const;

const time = z.number();
const count = z.int().nonnegative();
const seconds = z.number();

export const receivedFileSchema = z.object({
  /** As the history names it. */
  filename: z.string(),
  subfolder: z.string(),
  type: z.string(),
  bytes: count,
  sha256: z.string(),
});

export const jobRecordSchema = z.object({
  user: z.string(),
  /** Of this participant's jobs, from 1. */
  number: z.int().positive(),
  promptId: z.string(),
  /** Begins the names of the files that it saves, and of no other job of this participant. */
  prefix: z.string(),
  outcome: z.enum(outcomes),
  /** Whether the platform took it. */
  accepted: z.boolean(),
  cancelAsked: z.boolean(),
  /** The first try to submit it. */
  submittedAt: time,
  acceptedAt: time.optional(),
  /** A worker took it; of several attempts the last one. */
  startedAt: time.optional(),
  endedAt: time.optional(),
  /** The participant's WebSocket told its end; absent when only the lists did. */
  toldAt: time.optional(),
  /** Its pictures were downloaded and looked at. */
  checkedAt: time.optional(),
  /** How often the participant was asked to come again before it was accepted. */
  refusals: count,
  /** Messages of the WebSocket about it. */
  told: z.object({ starts: count, ends: count, previews: count }),
  /** What it made, saved pictures only, as it was downloaded. */
  files: z.array(receivedFileSchema),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

export const runErrorSchema = z.object({
  at: time,
  user: z.string(),
  /** Says what is wrong, with the job that it is about. */
  sentence: z.string(),
});
export type RunError = z.infer<typeof runErrorSchema>;

/** Seconds: the middle one, the one that 95 of 100 stay under, the longest. Absent without a job. */
export const spreadSchema = z.object({ p50: seconds, p95: seconds, max: seconds });
export type Spread = z.infer<typeof spreadSchema>;

export const participantSummarySchema = z.object({
  user: z.string(),
  jobs: count,
  completed: count,
  cancelled: count,
  /** Wrong, failed, lost, refused and unfinished ones. */
  bad: count,
  /** From the first try to submit to the start. */
  wait: spreadSchema.optional(),
  /** From start to end. */
  run: spreadSchema.optional(),
  /** For which its jobs had a worker. */
  gpuSeconds: seconds,
  refusals: count,
  reloads: count,
  /** Connections of the WebSocket that broke off unasked and were opened again. */
  reconnects: count,
});
export type ParticipantSummary = z.infer<typeof participantSummarySchema>;

export const summarySchema = z.object({
  jobs: count,
  outcomes: z.record(z.enum(outcomes), count),
  wait: spreadSchema.optional(),
  run: spreadSchema.optional(),
  /** Completed ones. */
  jobsPerMinute: z.number(),
  fairness: z.object({
    /**
     * Jain's index of the participants' GPU seconds up to the moment at which the first of them had
     * all their jobs: 1 = all the same, 1/n = one has everything. Absent before anybody had any.
     */
    jainIndex: z.number().optional(),
    /** Mean wait of the participant who waited longest on average, by the mean of all. */
    largestWaitRatio: z.number().optional(),
  }),
  refusals: count,
  reloads: count,
  reconnects: count,
  /** Jobs whose end the WebSocket did not tell, and the lists did. */
  untold: count,
});

export const participantsReportSchema = z.object({
  startedAt: time,
  endedAt: time,
  settings: settingsSchema.required(),
  /** True when it was stopped before all jobs had ended. */
  stopped: z.boolean(),
  /** Every job completed, or cancelled by its own participant, and nothing else went wrong. */
  good: z.boolean(),
  summary: summarySchema,
  participants: z.array(participantSummarySchema),
  errors: z.array(runErrorSchema),
  /** In the order in which they were submitted. */
  jobs: z.array(jobRecordSchema),
});
export type ParticipantsReport = z.infer<typeof participantsReportSchema>;
