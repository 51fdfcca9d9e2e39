/**
 * Holds what the participants received against what the queue recorded. Pure: the same records and
 * facts give the same sentences.
 */
import type { JobRecord } from "../participants/index.ts";
import { endStates, type Facts, type QueuedJob } from "./facts.ts";

/** State in Redis that belongs to what a participant saw. */
const EXPECTED_STATE: Readonly<Partial<Record<JobRecord["outcome"], string>>> = {
  completed: "completed",
  wrong: "completed",
  cancelled: "cancelled",
};

const isEnd = (state: string): boolean => endStates.some((end) => end === state);

export interface CheckOptions {
  /** Jobs that others submitted as these users meanwhile: a rehearsal's own, say. */
  readonly alsoSubmitted?: readonly string[];
}

/** @returns every violation as a sentence; none = all is well */
export function checkInvariants(
  records: readonly JobRecord[],
  facts: Facts,
  { alsoSubmitted = [] }: CheckOptions = {},
): readonly string[] {
  const jobs = new Map(facts.jobs.map((job) => [job.id, job]));
  const changes = Map.groupBy(facts.changes, ({ job }) => job);
  return [
    ...records.flatMap((record) => {
      const job = jobs.get(record.promptId);
      return record.accepted
        ? [
            ...faultsOfJob(record, job, facts.held),
            ...faultsOfEnds(record, job, changes.get(record.promptId) ?? []),
            ...faultsOfPictures(record, facts.outputs, changes.get(record.promptId) ?? []),
          ]
        : faultsOfRefused(record, job);
    }),
    ...strangeJobs(records, facts, new Set(alsoSubmitted)),
    ...samePictures(records),
  ];
}

const named = ({ user, number, promptId }: JobRecord): string =>
  `${user}'s job ${number} (${promptId})`;

function faultsOfJob(
  record: JobRecord,
  job: QueuedJob | undefined,
  held: Facts["held"],
): readonly string[] {
  const name = named(record);
  if (!job) return [`${name} was accepted and is lost: Redis does not know it.`];
  const faults: string[] = [];
  if (job.user !== record.user) faults.push(`${name} belongs to ${job.user} in Redis.`);
  if (!isEnd(job.state)) faults.push(`${name} was accepted and never ended: it is ${job.state}.`);
  else if (held.includes(job.id)) faults.push(`${name} has ended and a worker still holds it.`);
  const expected = EXPECTED_STATE[record.outcome];
  if (isEnd(job.state) && expected !== undefined && job.state !== expected) {
    faults.push(`${name} is ${job.state} in Redis, and its participant saw it ${expected}.`);
  }
  if (isEnd(job.state) && record.outcome === "lost") {
    faults.push(`${name} is ${job.state} in Redis, and its participant never saw an end.`);
  }
  if (record.outcome === "failed" && job.state === "completed") {
    faults.push(`${name} is completed in Redis, and its participant saw it fail.`);
  }
  return faults;
}

/** One end, the recorded one; one more for each time that the host ran the job again. */
function faultsOfEnds(
  record: JobRecord,
  job: QueuedJob | undefined,
  changes: Facts["changes"],
): readonly string[] {
  const name = named(record);
  const faults: string[] = [];
  const ends = changes.filter(({ reason }) => isEnd(reason));
  const retries = changes.filter(({ reason }) => reason === "retried").length;
  if (ends.length > retries + 1) {
    const told = ends.map(({ reason, attempt }) => `${reason} by attempt ${attempt}`).join(", ");
    faults.push(`${name} ended ${ends.length} times: ${told}.`);
  }
  const last = ends.at(-1);
  if (job && isEnd(job.state) && last?.state !== job.state) {
    faults.push(`${name} is ${job.state}, and its stream tells ${last?.state ?? "no end"}.`);
  }
  const foreign = changes.find(({ user }) => user !== record.user);
  if (foreign) faults.push(`${name} was told in the stream of ${foreign.user}.`);
  if (record.told.ends > retries + 1) {
    faults.push(`${name}: its participant was told ${record.told.ends} times that it has ended.`);
  }
  return faults;
}

function faultsOfRefused(record: JobRecord, job: QueuedJob | undefined): readonly string[] {
  // A run that was stopped may not have heard the answer.
  if (!job || record.outcome === "unfinished") return [];
  return [`${named(record)} was refused, and is in the queue all the same: it is ${job.state}.`];
}

/**
 * Each picture lies once in its owner's outputs, as it was downloaded, and in nobody else's. What an
 * attempt delivered before its worker was lost stays there beside it.
 */
function faultsOfPictures(
  record: JobRecord,
  outputs: Facts["outputs"],
  changes: Facts["changes"],
): readonly string[] {
  if (record.outcome !== "completed" && record.outcome !== "wrong") return [];
  const name = named(record);
  const own = outputs.find(({ user }) => user === record.user)?.files ?? [];
  const faults: string[] = [];
  for (const { filename, subfolder, bytes } of record.files) {
    const [listed, ...more] = own.filter(
      (file) => file.filename === filename && file.subfolder === subfolder,
    );
    if (!listed)
      faults.push(`${name}: its picture ${filename} is not in ${record.user}'s outputs.`);
    else if (listed.bytes !== bytes) {
      faults.push(
        `${name}: its picture ${filename} has ${listed.bytes} bytes in ${record.user}'s outputs, and ${bytes} were downloaded.`,
      );
    }
    if (more.length > 0) faults.push(`${name}: its picture ${filename} is listed twice.`);
  }
  const extra = own.filter(
    (file) =>
      isOf(record, `${file.subfolder}/${file.filename}`) &&
      !record.files.some(({ filename }) => filename === file.filename),
  );
  const lostAttempts = changes.some(({ reason }) => reason === "requeued");
  if (extra.length > 0 && !lostAttempts) {
    faults.push(
      `${name}: its history names ${record.files.length} pictures, and ${record.user}'s outputs have also ${extra.map(({ filename }) => filename).join(", ")}.`,
    );
  }
  return faults;
}

/** ComfyUI puts a counter behind the prefix; the own picture's has a word in between. */
const isOf = ({ prefix }: JobRecord, path: string): boolean =>
  path.startsWith(`${prefix}_`) || path.startsWith(`${prefix}-own_`);

function strangeJobs(
  records: readonly JobRecord[],
  { jobs, changes }: Facts,
  alsoSubmitted: ReadonlySet<string>,
): readonly string[] {
  const submitted = new Set(records.map(({ promptId }) => promptId));
  const enqueued = new Set(
    changes.filter(({ reason }) => reason === "enqueued").map(({ job }) => job),
  );
  return jobs
    .filter(({ id }) => enqueued.has(id) && !submitted.has(id) && !alsoSubmitted.has(id))
    .map(({ id, user, state }) => `${user} has a job that nobody submitted: ${id}, ${state}.`);
}

/** No two jobs ask for the same picture: the same bytes twice were given to somebody else too. */
function samePictures(records: readonly JobRecord[]): readonly string[] {
  const owners = new Map<string, JobRecord>();
  const faults: string[] = [];
  for (const record of records) {
    for (const { sha256, filename } of record.files) {
      const owner = owners.get(sha256);
      if (owner && owner !== record) {
        faults.push(`${named(record)}: its picture ${filename} is also that of ${named(owner)}.`);
      }
      owners.set(sha256, record);
    }
  }
  return faults;
}
