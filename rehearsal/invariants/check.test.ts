/** Forged evidence: each test bends one thing of a run in which all was well. */
import { describe, expect, it } from "vitest";
import type { JobRecord } from "../participants/index.ts";
import { checkInvariants } from "./check.ts";
import type { Facts } from "./facts.ts";

const users = ["user001", "user002"] as const;

/** Two jobs of each, two pictures of each job; the last one of user002 is cancelled. */
function goodRun(): { records: JobRecord[]; facts: Facts } {
  const records: JobRecord[] = users.flatMap((user) =>
    [1, 2].map((number) => {
      const cancelled = user === "user002" && number === 2;
      const prefix = `participants/run-0000${number}`;
      const names = [`run-0000${number}_00001_.png`, `run-0000${number}-own_00001_.png`];
      return {
        user,
        number,
        promptId: `${user}-${number}`,
        prefix,
        outcome: cancelled ? "cancelled" : "completed",
        accepted: true,
        cancelAsked: cancelled,
        submittedAt: 1000,
        refusals: 0,
        told: { starts: 1, ends: 1, previews: 0 },
        files: (cancelled ? [] : names).map((filename) => ({
          filename,
          subfolder: "participants",
          type: "output",
          bytes: 100,
          sha256: `${user}/${filename}`,
        })),
      } satisfies JobRecord;
    }),
  );
  const facts: Facts = {
    jobs: records.map(({ promptId: id, user, outcome: state }) => ({
      id,
      user,
      state,
      createdAt: 1000,
    })),
    changes: records.flatMap(({ promptId: job, user, outcome: end }) => [
      { user, job, state: "pending", reason: "enqueued", attempt: 0 },
      { user, job, state: "running", reason: "claimed", attempt: 1 },
      { user, job, state: end, reason: end, attempt: 1 },
    ]),
    held: [],
    outputs: users.map((user) => ({
      user,
      files: records
        .filter((record) => record.user === user)
        .flatMap(({ files }) => files)
        .map(({ filename, subfolder, bytes }) => ({ filename, subfolder, bytes })),
    })),
  };
  return { records, facts };
}

type Run = ReturnType<typeof goodRun>;

/** The job of user001 that every forgery is about, and its record. */
const first = ({ records, facts }: Run) => {
  const [record] = records;
  const [job] = facts.jobs;
  const [listing] = facts.outputs;
  if (!record || !job || !listing) throw new Error("the run has jobs");
  return { record, job, listing, changes: facts.changes };
};

function violations(bend: (run: Run) => void = () => undefined): readonly string[] {
  const run = goodRun();
  bend(run);
  return checkInvariants(run.records, run.facts);
}

it("finds nothing when all is well", () => {
  expect(violations()).toEqual([]);
});

describe("a job", () => {
  it.each<[string, (run: Run) => void, RegExp]>([
    ["that is gone", ({ facts }) => facts.jobs.shift(), /accepted and is lost/],
    [
      "that never ended",
      (run) => {
        first(run).job.state = "running";
        run.facts.changes.splice(2, 1);
      },
      /never ended: it is running/,
    ],
    ["that somebody else owns", (run) => (first(run).job.user = "user002"), /belongs to user002/],
    [
      "that ended twice",
      (run) => {
        const [, , end] = first(run).changes;
        if (end) run.facts.changes.push({ ...end, attempt: 2 });
      },
      /ended 2 times: completed by attempt 1, completed by attempt 2/,
    ],
    [
      "whose end is not in the stream",
      ({ facts }) => facts.changes.splice(2, 1),
      /is completed, and its stream tells no end/,
    ],
    [
      "whose end another user was told",
      (run) => {
        const [, , end] = first(run).changes;
        if (end) end.user = "user002";
      },
      /told in the stream of user002/,
    ],
    [
      "that is completed and was shown as cancelled",
      (run) => (first(run).record.outcome = "cancelled"),
      /is completed in Redis, and its participant saw it cancelled/,
    ],
    [
      "that is completed and was shown as failed",
      (run) => (first(run).record.outcome = "failed"),
      /is completed in Redis, and its participant saw it fail/,
    ],
    [
      "whose end its participant never saw",
      (run) => (first(run).record.outcome = "lost"),
      /never saw an end/,
    ],
    [
      "whose end was told twice",
      (run) => (first(run).record.told.ends = 2),
      /told 2 times that it has ended/,
    ],
    [
      "that has ended and is held",
      ({ facts }) => facts.held.push("user001-1"),
      /a worker still holds it/,
    ],
    [
      "that was refused and is there",
      (run) => {
        const { record } = first(run);
        record.accepted = false;
        record.outcome = "refused";
      },
      /was refused, and is in the queue all the same/,
    ],
    [
      "that nobody submitted",
      ({ facts }) => {
        facts.jobs.push({ id: "twin", user: "user001", state: "completed", createdAt: 1 });
        facts.changes.push({
          user: "user001",
          job: "twin",
          state: "pending",
          reason: "enqueued",
          attempt: 0,
        });
      },
      /user001 has a job that nobody submitted: twin/,
    ],
  ])("%s is told, and nothing else is", (_title, bend, expected) => {
    const told = violations(bend);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(expected);
  });
});

describe("a picture", () => {
  it.each<[string, (run: Run) => void, RegExp]>([
    ["that is not there", (run) => first(run).listing.files.shift(), /not in user001's outputs/],
    [
      "that is there twice under one name",
      (run) => {
        const { listing } = first(run);
        const [file] = listing.files;
        if (file) listing.files.push(file);
      },
      /is listed twice/,
    ],
    [
      "that lies in somebody else's outputs instead",
      ({ facts: { outputs } }) => {
        const file = outputs[0]?.files.shift();
        if (file) outputs[1]?.files.push({ ...file, filename: "run-00001_00002_.png" });
      },
      /not in user001's outputs|user002's outputs have also run-00001_00002_.png/,
    ],
    [
      "of another size than the one that was downloaded",
      (run) => {
        const [file] = first(run).listing.files;
        if (file) file.bytes = 99;
      },
      /has 99 bytes in user001's outputs, and 100 were downloaded/,
    ],
    [
      "that was given to two jobs",
      ({ records }) => {
        const mine = records[0]?.files[0];
        const theirs = records[2]?.files[0];
        if (mine && theirs) theirs.sha256 = mine.sha256;
      },
      /is also that of user001's job 1/,
    ],
    [
      "that was made a second time",
      (run) => {
        first(run).listing.files.push({
          subfolder: "participants",
          filename: "run-00001_00002_.png",
          bytes: 100,
        });
      },
      /names 2 pictures, and user001's outputs have also run-00001_00002_.png/,
    ],
  ])("%s is told", (_title, bend, expected) => {
    const told = violations(bend);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((sentence) => expected.test(sentence))).toBe(true);
  });
});

it("allows a second end to a job that the host ran again", () => {
  const told = violations((run) => {
    const { record, changes } = first(run);
    const [enqueued, claimed, end] = changes;
    if (!enqueued || !claimed || !end) throw new Error("the job has its changes");
    changes.splice(2, 1, { ...end, state: "failed", reason: "failed" });
    changes.push({ ...enqueued, reason: "retried" }, { ...claimed, attempt: 2 });
    changes.push({ ...end, attempt: 2 });
    record.told.ends = 2;
  });
  expect(told).toEqual([]);
});

it("allows what a lost worker's attempt had delivered already", () => {
  const told = violations((run) => {
    const { listing, changes } = first(run);
    const [enqueued, claimed, end] = changes;
    if (!enqueued || !claimed || !end) throw new Error("the job has its changes");
    const again = [
      { ...enqueued, reason: "requeued", attempt: 1 },
      { ...claimed, attempt: 2 },
      { ...end, attempt: 2 },
    ];
    changes.splice(2, 1, ...again);
    listing.files.push({
      subfolder: "participants",
      filename: "run-00001_00002_.png",
      bytes: 100,
    });
  });
  expect(told).toEqual([]);
});

it("allows jobs that others submitted, when it is told of them", () => {
  const { records, facts } = goodRun();
  const [, ...others] = records;
  const alsoSubmitted = ["user001-1"];
  expect(checkInvariants(others, facts)).toHaveLength(1);
  expect(checkInvariants(others, facts, { alsoSubmitted })).toEqual([]);
});

it("does not hold a run that was stopped to what it could not hear", () => {
  const told = violations((run) => {
    const { record } = first(run);
    record.accepted = false;
    record.outcome = "unfinished";
  });
  expect(told).toEqual([]);
});
