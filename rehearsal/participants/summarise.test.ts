import { describe, expect, it } from "vitest";
import type { JobRecord } from "./report.ts";
import { jainIndex, spreadOf, summarise, summariseParticipants } from "./summarise.ts";

/** Times in seconds. */
function job(
  user: string,
  [submitted, started, ended]: readonly [number, number?, number?],
  more: Partial<JobRecord> = {},
): JobRecord {
  return {
    user,
    number: 1,
    promptId: `${user}-${submitted}`,
    prefix: "p",
    outcome: "completed",
    accepted: true,
    cancelAsked: false,
    submittedAt: submitted * 1000,
    ...(started !== undefined && { startedAt: started * 1000 }),
    ...(ended !== undefined && { endedAt: ended * 1000, toldAt: ended * 1000 }),
    refusals: 0,
    told: { starts: 1, ends: 1, previews: 0 },
    files: [],
    ...more,
  };
}

const figures = (jobs: readonly JobRecord[], users: readonly string[], seconds = 60) => {
  const visits = users.map((user) => ({ user, reloads: 0, reconnects: 0 }));
  return summarise(jobs, summariseParticipants(jobs, visits), seconds);
};

describe("Jain's index", () => {
  it.each([
    ["all have the same", [2, 2, 2, 2], 1],
    ["one has everything", [8, 0, 0, 0], 0.25],
    ["half have it", [1, 1, 0, 0], 0.5],
  ])("when %s", (_case, shares, expected) => {
    expect(jainIndex(shares)).toBeCloseTo(expected);
  });

  it("is absent when nobody has anything", () => {
    expect(jainIndex([0, 0])).toBeUndefined();
  });
});

it("takes the spread by the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(spreadOf(hundred)).toEqual({ p50: 50, p95: 95, max: 100 });
  expect(spreadOf([7])).toEqual({ p50: 7, p95: 7, max: 7 });
  expect(spreadOf([])).toBeUndefined();
});

it("counts fairness only while everybody still wants something", () => {
  // user001 has both jobs by second 20; user002 was starved until then and had the GPU afterwards.
  const jobs = [
    job("user001", [0, 0, 10]),
    job("user001", [10, 10, 20]),
    job("user002", [0, 20, 30]),
    job("user002", [30, 30, 40]),
  ];
  expect(figures(jobs, ["user001", "user002"]).fairness.jainIndex).toBeCloseTo(0.5);
});

it("holds the longest waiting participant against the average", () => {
  const jobs = [job("user001", [0, 1, 2]), job("user002", [0, 3, 4])];
  expect(figures(jobs, ["user001", "user002"]).fairness.largestWaitRatio).toBeCloseTo(1.5);
});

it("counts completed jobs alone as the minute's work", () => {
  const jobs = [
    job("user001", [0, 1, 2]),
    job("user001", [2, 3, 4], { outcome: "failed" }),
    job("user001", [4], { outcome: "cancelled" }),
  ];
  const summary = figures(jobs, ["user001"], 30);
  expect(summary.jobsPerMinute).toBe(2);
  expect(summary.outcomes).toMatchObject({ completed: 1, failed: 1, cancelled: 1, lost: 0 });
});

it("names the completed jobs whose end only the lists told", () => {
  const untold: JobRecord = job("user001", [0, 1, 2]);
  delete untold.toldAt;
  expect(figures([untold, job("user001", [2, 3, 4])], ["user001"]).untold).toBe(1);
});

it("has no figures of a participant who never came, and no fairness of nobody", () => {
  const summary = figures([], ["user001"], 0);
  expect(summary).toMatchObject({ jobs: 0, jobsPerMinute: 0, fairness: {} });
  expect(summary.wait).toBeUndefined();
});
