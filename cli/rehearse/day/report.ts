/** What became of a rehearsed day, and whether the workshop would have survived it. */
import { z } from "zod";
import {
  participantSummarySchema,
  summarise,
  summariseParticipants,
  summarySchema,
  type ParticipantsReport,
} from "../../../rehearsal/participants/index.ts";

/** ms since the epoch. */
const time = z.number();
const count = z.int().nonnegative();

export const sampleSchema = z.object({
  at: time,
  /** Absent, as are the others, when the platform did not answer. */
  pending: count.optional(),
  running: count.optional(),
  /** Workers that the queue hears of. */
  workers: count.optional(),
});
export type Sample = z.infer<typeof sampleSchema>;

export const sceneResultSchema = z.object({
  name: z.string(),
  startedAt: time,
  endedAt: time,
  /** What happened, for the host. */
  note: z.string(),
  /** Why it did not go as it should. */
  fault: z.string().optional(),
});
export type SceneResult = z.infer<typeof sceneResultSchema>;

export const dayReportSchema = z.object({
  stack: z.string(),
  startedAt: time,
  endedAt: time,
  /** Whether the workshop would have survived. */
  good: z.boolean(),
  scenes: z.array(sceneResultSchema),
  samples: z.array(sampleSchema),
  /** All rounds of all participants. */
  summary: summarySchema,
  participants: z.array(participantSummarySchema),
  /** What participants themselves found wrong. */
  errors: z.array(z.string()),
  /** What the invariant checker found in the queue's own records: a lost job, one that ended twice. */
  violations: z.array(z.string()),
  /** What is still billed for after the teardown. */
  billed: z.array(z.string()),
});
export type DayReport = z.infer<typeof dayReportSchema>;

export interface DayFacts extends Pick<
  DayReport,
  "stack" | "startedAt" | "endedAt" | "scenes" | "samples" | "violations" | "billed"
> {
  readonly rounds: readonly ParticipantsReport[];
}

export function dayReport({ rounds, ...facts }: DayFacts): DayReport {
  const jobs = rounds.flatMap((round) => round.jobs);
  const users = [...new Set(rounds.flatMap(({ participants }) => participants.map((p) => p.user)))];
  const visits = users.map((user) => {
    const own = rounds.flatMap(({ participants }) => participants.filter((p) => p.user === user));
    return {
      user,
      reloads: own.reduce((sum, { reloads }) => sum + reloads, 0),
      reconnects: own.reduce((sum, { reconnects }) => sum + reconnects, 0),
    };
  });
  const participants = summariseParticipants(jobs, visits);
  const seconds = rounds.reduce((sum, round) => sum + (round.endedAt - round.startedAt) / 1000, 0);
  const errors = rounds.flatMap((round) => round.errors.map(({ sentence }) => sentence));
  return {
    ...facts,
    participants,
    errors,
    summary: summarise(jobs, participants, seconds),
    good:
      jobs.length > 0 &&
      facts.scenes.every(({ fault }) => fault === undefined) &&
      rounds.every((round) => round.good) &&
      facts.violations.length === 0 &&
      facts.billed.length === 0,
  };
}

/** Everything that would have spoiled the day, a sentence each. */
export function troubles({ scenes, errors, violations, billed }: DayReport): string[] {
  return [
    ...scenes.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
    ...errors,
    ...violations,
    ...billed.map((thing) => `After the teardown Verda still bills for ${thing}.`),
  ];
}
