/**
 * The load tool against a whole stack: the standard run, a run in which a worker is killed, and a
 * platform that gives somebody another one's picture. What the tool says is held against the
 * invariant checker's own counting.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { InvariantWatch, redisOfProcess } from "../rehearsal/invariants/index.ts";
import {
  participantsReportSchema,
  runParticipants,
  type JobRecord,
} from "../rehearsal/participants/index.ts";
import { startSwappingProxy } from "./participants/swapping-proxy.ts";
import { bringUp, type StackUnderTest } from "./stack-under-test.ts";

const USERS = 20;
const JOBS = 5;

let stack: StackUnderTest;
let watch: InvariantWatch;

beforeAll(async () => {
  // Jobs that take some seconds, so that a kill meets one; a short lease, so that another worker
  // soon takes it over.
  stack = await bringUp({ users: USERS, workers: 3, simulationSpeed: 8, leaseSeconds: 5 });
});
afterAll(() => stack.down());

const links = () => stack.status.users.map(({ id, link }) => ({ id, link }));

async function watched<Value>(run: () => Promise<Value>): Promise<Value> {
  watch = await InvariantWatch.start({
    redis: redisOfProcess(pidOf("queue-manager")),
    gateway: { url: stack.status.admin.url, adminToken: stack.status.admin.token },
    users: stack.status.users.map(({ id }) => id),
  });
  try {
    return await run();
  } finally {
    watch.close();
  }
}

it(
  `the standard run: ${USERS} participants get exactly their own pictures of ${JOBS} jobs each`,
  { timeout: 400_000 },
  () =>
    watched(async () => {
      const printed = await stack.run("participants", stack.name, "--json", "--think", "1");
      const report = participantsReportSchema.parse(JSON.parse(printed));
      expect(report.errors).toEqual([]);
      expect(report.good).toBe(true);
      expect(report.summary.outcomes).toMatchObject({ completed: USERS * JOBS, wrong: 0, lost: 0 });
      expect(await watch.violations(report.jobs)).toEqual([]);

      const pictures = report.jobs.flatMap(({ files }) => files.map(({ sha256 }) => sha256));
      expect(new Set(pictures).size).toBe(USERS * JOBS * 2);
      for (const job of report.jobs) expect(inOrder(job)).toBe(true);
      const { wait, run, fairness, jobsPerMinute } = report.summary;
      expect(wait?.p50).toBeLessThanOrEqual(wait?.p95 ?? 0);
      expect(run?.p95).toBeLessThanOrEqual(run?.max ?? 0);
      expect(jobsPerMinute).toBeGreaterThan(0);
      expect(fairness.jainIndex).toBeGreaterThan(1 / USERS);
      expect(fairness.jainIndex).toBeLessThanOrEqual(1);
      expect(fairness.largestWaitRatio).toBeGreaterThanOrEqual(1);
    }),
);

const inOrder = ({ submittedAt, startedAt = 0, endedAt = 0, checkedAt = 0 }: JobRecord): boolean =>
  submittedAt <= startedAt && startedAt <= endedAt && endedAt <= checkedAt;

it("a worker that is killed in mid-job loses nobody anything", { timeout: 400_000 }, () =>
  watched(async () => {
    let killed: Promise<void> | undefined;
    const report = await runParticipants({
      links: links(),
      jobs: 2,
      thinkSeconds: 1,
      template: "flux2_klein_4b_text_to_image",
      patienceSeconds: 200,
      onEvent: (event) => {
        if (event.kind === "started") killed ??= killWorkerOf(event.job);
      },
    });
    await killed;
    expect(report.errors).toEqual([]);
    expect(report.good).toBe(true);
    expect(report.summary.outcomes.completed).toBe(USERS * 2);
    expect(await watch.violations(report.jobs)).toEqual([]);
    const { changes } = await watch.facts();
    expect(changes.filter(({ reason }) => reason === "requeued").length).toBeGreaterThan(0);
  }),
);

it(
  "participants who reload the page and cancel their jobs still get what is theirs",
  { timeout: 400_000 },
  () =>
    watched(async () => {
      const report = await runParticipants({
        links: links(),
        jobs: 2,
        thinkSeconds: 1,
        cancelShare: 0.3,
        reloadShare: 0.5,
        patienceSeconds: 200,
      });
      expect(report.errors).toEqual([]);
      expect(report.good).toBe(true);
      const { cancelled, completed } = report.summary.outcomes;
      expect(cancelled + completed).toBe(USERS * 2);
      expect(cancelled).toBeGreaterThan(0);
      expect(report.summary.reloads).toBeGreaterThan(0);
      expect(await watch.violations(report.jobs)).toEqual([]);
    }),
);

function pidOf(service: string): number {
  const { pid } = stack.status.services.find(({ name }) => name === service) ?? {};
  if (pid === undefined) throw new Error(`${service} runs`);
  return pid;
}

async function killWorkerOf({ promptId }: JobRecord): Promise<void> {
  const { admin } = stack.status;
  const answer = await fetch(new URL(`/api/v1/jobs/${promptId}`, admin.url), {
    headers: { authorization: `Bearer ${admin.token}` },
  });
  const { worker } = z.object({ worker: z.string() }).parse(await answer.json());
  process.kill(pidOf(worker), "SIGKILL");
}

it("a run that is stopped reports what it has and leaves no job behind", () =>
  watched(async () => {
    const stop = new AbortController();
    const report = await runParticipants({
      links: links(),
      thinkSeconds: 0,
      signal: stop.signal,
      onEvent: ({ kind }) => kind === "ended" && stop.abort(),
    });
    expect(report).toMatchObject({ stopped: true, good: false });
    expect(report.summary.outcomes.unfinished).toBeGreaterThan(0);
    const underWay = async () =>
      (await watch.facts()).jobs
        .filter(({ state }) => state === "pending" || state === "running")
        .map(({ id }) => id);
    await expect.poll(underWay, { timeout: 30_000 }).toEqual([]);
  }));

it("a picture that is somebody else's is noticed, by its content", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-participants-"));
  const proxy = await startSwappingProxy(stack.status.admin.url);
  try {
    const file = path.join(folder, "links.txt");
    const throughProxy = links().map(({ link }) => {
      const { pathname, search } = new URL(link);
      return proxy.url + pathname + search;
    });
    await writeFile(file, throughProxy.join("\n"));
    const run = stack.run(
      "participants",
      "--links",
      file,
      "--users",
      "2",
      "--jobs",
      "1",
      "--think",
      "0",
    );
    await expect(run).rejects.toThrow(
      /is not the one that was uploaded: it is that of user00[12]'s job 1[^]*1 wrong/,
    );
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  }
});
