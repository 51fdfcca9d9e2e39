/** The figures of a run, from its records. */
import type { JobRecord, ParticipantSummary, ParticipantsReport, Spread } from "./report.ts";
import { outcomes } from "./report.ts";

/** What the records do not say. */
export interface Visits {
  readonly user: string;
  readonly reloads: number;
  readonly reconnects: number;
}

type Summary = ParticipantsReport["summary"];

const isGood = ({ outcome }: JobRecord): boolean =>
  outcome === "completed" || outcome === "cancelled";

export function summariseParticipants(
  jobs: readonly JobRecord[],
  visits: readonly Visits[],
): ParticipantSummary[] {
  return visits.map(({ user, reloads, reconnects }) => {
    const own = jobs.filter((job) => job.user === user);
    const having = (outcome: JobRecord["outcome"]) =>
      own.filter((job) => job.outcome === outcome).length;
    return {
      user,
      jobs: own.length,
      completed: having("completed"),
      cancelled: having("cancelled"),
      bad: own.filter((job) => !isGood(job)).length,
      ...spreads(own),
      gpuSeconds: sum(own.map((job) => gpuSeconds(job))),
      refusals: sum(own.map(({ refusals }) => refusals)),
      reloads,
      reconnects,
    };
  });
}

export function summarise(
  jobs: readonly JobRecord[],
  participants: readonly ParticipantSummary[],
  seconds: number,
): Summary {
  const counted = outcomes.map(
    (outcome) => [outcome, jobs.filter((job) => job.outcome === outcome).length] as const,
  );
  const total = (figure: "refusals" | "reloads" | "reconnects") =>
    sum(participants.map((participant) => participant[figure]));
  const completed = jobs.filter(({ outcome }) => outcome === "completed");
  return {
    jobs: jobs.length,
    outcomes: Object.fromEntries(counted) as Summary["outcomes"],
    ...spreads(jobs),
    jobsPerMinute: seconds > 0 ? (completed.length * 60) / seconds : 0,
    fairness: {
      ...defined("jainIndex", jainIndex(sharedGpuSeconds(jobs, participants))),
      ...defined("largestWaitRatio", largestWaitRatio(jobs, participants)),
    },
    refusals: total("refusals"),
    reloads: total("reloads"),
    reconnects: total("reconnects"),
    untold: completed.filter(({ toldAt }) => toldAt === undefined).length,
  };
}

/** (Σx)² / (n·Σx²): 1 when all have the same, 1/n when one has everything. */
export function jainIndex(shares: readonly number[]): number | undefined {
  const squares = sum(shares.map((share) => share ** 2));
  return squares > 0 ? sum(shares) ** 2 / (shares.length * squares) : undefined;
}

/** The middle value, the one that 95 of 100 stay under, and the largest; by the nearest rank. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (part: number) => sorted[Math.ceil(part * sorted.length) - 1];
  const [p50, p95, max] = [rank(0.5), rank(0.95), sorted.at(-1)];
  if (p50 === undefined || p95 === undefined || max === undefined) return undefined;
  return { p50, p95, max };
}

/**
 * GPU seconds up to the moment at which the first participant had all their jobs: afterwards the
 * others have the GPUs for themselves, and in the end everybody has what they asked for.
 */
function sharedGpuSeconds(
  jobs: readonly JobRecord[],
  participants: readonly ParticipantSummary[],
): number[] {
  const users = participants.filter(({ jobs: count }) => count > 0).map(({ user }) => user);
  const of = (user: string) => jobs.filter((job) => job.user === user);
  const until = Math.min(
    ...users.map((user) => Math.max(...of(user).map(({ endedAt = Infinity }) => endedAt))),
  );
  return users.map((user) => sum(of(user).map((job) => gpuSeconds(job, until))));
}

function largestWaitRatio(
  jobs: readonly JobRecord[],
  participants: readonly ParticipantSummary[],
): number | undefined {
  const waits = jobs.flatMap((job) => waitOf(job));
  const means = participants
    .map(({ user }) => jobs.filter((job) => job.user === user).flatMap((job) => waitOf(job)))
    .filter((own) => own.length > 0)
    .map(mean);
  const all = mean(waits);
  return all > 0 ? Math.max(...means) / all : undefined;
}

function spreads(jobs: readonly JobRecord[]): { wait?: Spread; run?: Spread } {
  return {
    ...defined("wait", spreadOf(jobs.flatMap((job) => waitOf(job)))),
    ...defined("run", spreadOf(jobs.flatMap((job) => runOf(job)))),
  };
}

/** Seconds from the first try to submit to the start; none for a job that never ran. */
const waitOf = ({ submittedAt, startedAt }: JobRecord): number[] =>
  startedAt === undefined ? [] : [(startedAt - submittedAt) / 1000];

const runOf = ({ startedAt, endedAt }: JobRecord): number[] =>
  startedAt === undefined || endedAt === undefined ? [] : [(endedAt - startedAt) / 1000];

function gpuSeconds({ startedAt, endedAt }: JobRecord, until = Infinity): number {
  if (startedAt === undefined || endedAt === undefined) return 0;
  return Math.max(0, Math.min(endedAt, until) - startedAt) / 1000;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : sum(values) / values.length;

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: Value });
}
