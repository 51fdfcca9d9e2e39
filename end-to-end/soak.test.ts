/**
 * Crash anything at any time: no accepted job is lost, none is completed twice, and every picture is
 * the one that was asked for. Counted by what participants can read and by Redis' own event streams,
 * not by what the platform says of itself.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Queue } from "@comfymulti/queue";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Chaos } from "./soak/chaos.ts";
import { Participant } from "./soak/participant.ts";
import { startPlatform, type Platform } from "./soak/platform.ts";

const USERS = 20;
/** More with `SOAK_JOBS`, to look for what is rare. */
const JOBS = Number(process.env["SOAK_JOBS"] ?? 200);
const DEADLINE_MS = 900_000;

interface SubmittedJob {
  readonly id: string;
  readonly participant: Participant;
  readonly graph: object;
}

let platform: Platform;
let participants: readonly Participant[];

beforeAll(async () => {
  platform = await startPlatform(USERS);
  participants = platform.users.map((user) => new Participant(user, platform.gateways));
});
afterAll(() => platform.close());

it(
  `${JOBS} jobs of ${USERS} people survive random kills of every part`,
  { timeout: DEADLINE_MS },
  async () => {
    const chaos = new Chaos(platform);
    const jobs = await submitAll();
    const states = await ended(jobs);
    await chaos.stop();
    console.log(`Kills: ${JSON.stringify(chaos.kills)}`);

    expect(new Set(states.values())).toEqual(new Set(["success"]));
    expect(await completions(jobs)).toEqual(jobs.map(({ id }) => ({ id, completed: 1 })));
    const expected = await expectedPictures(jobs);
    expect(await storedPictures(jobs)).toEqual(expected);
    expect(await foreignFiles(jobs, expected)).toEqual([]);
  },
);

/** No two graphs alike: a picture in the wrong place is noticed. */
const graphOf = (index: number): object => ({
  "1": {
    class_type: "EmptyImage",
    inputs: { width: 64, height: 48, batch_size: 1, color: 1 + index * 30_000 },
  },
  "2": {
    class_type: "GwSlow",
    inputs: { image: ["1", 0], steps: 4, ms: 10 + (index % 7) * 10, fail: false },
  },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: `job${index}` } },
});

async function submitAll(): Promise<readonly SubmittedJob[]> {
  const jobs: SubmittedJob[] = [];
  for (let index = 0; index < JOBS; index++) {
    const participant = participants[index % USERS];
    if (!participant) throw new Error("there are participants");
    const job = { id: randomUUID(), participant, graph: graphOf(index) };
    await participant.submit(job.id, job.graph);
    jobs.push(job);
  }
  return jobs;
}

type History = Record<
  string,
  { readonly status: { readonly status_str: string }; readonly outputs: Outputs }
>;
type Outputs = Record<string, { readonly images?: readonly { readonly filename: string }[] }>;

/** How each job ended, once all have. */
async function ended(jobs: readonly SubmittedJob[]): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, string>();
  for (;;) {
    for (const participant of participants) {
      const history = (await participant.json("/history?max_items=1000")) as History;
      for (const [id, { status }] of Object.entries(history)) states.set(id, status.status_str);
    }
    if (jobs.every(({ id }) => states.has(id))) return states;
    await pause(1_000);
  }
}

/** How often Redis was told that a job is completed. */
async function completions(jobs: readonly SubmittedJob[]) {
  const queue = await Queue.connect({ ...platform.redis });
  const completed = new Map<string, number>();
  for (const { id: user } of participants) {
    for (const { event } of await queue.eventsSince(user, "0")) {
      if (event.kind !== "state" || event.state !== "completed") continue;
      completed.set(event.job, (completed.get(event.job) ?? 0) + 1);
    }
  }
  await queue.close();
  return jobs.map(({ id }) => ({ id, completed: completed.get(id) ?? 0 }));
}

/** What the participants see of their jobs, as checksums by graph. */
async function storedPictures(jobs: readonly SubmittedJob[]): Promise<readonly string[]> {
  const sums = [];
  for (const { id, participant } of jobs) {
    const history = (await participant.json(`/history/${id}`)) as History;
    const [image] = history[id]?.outputs["3"]?.images ?? [];
    sums.push(sha256(await participant.bytes(`/view?filename=${image?.filename}&type=output`)));
  }
  return sums;
}

/**
 * Files in a participant's folder that none of their own jobs makes. A second copy of a picture is
 * none: an attempt that was lost may have stored it already.
 */
async function foreignFiles(
  jobs: readonly SubmittedJob[],
  expected: readonly string[],
): Promise<readonly string[]> {
  const foreign = [];
  for (const participant of participants) {
    const own = new Set(expected.filter((_, index) => jobs[index]?.participant === participant));
    const folder = path.join(platform.dataDirectory, "outputs", participant.id);
    for (const name of await readdir(folder)) {
      if (!own.has(sha256(await readFile(path.join(folder, name))))) foreign.push(name);
    }
  }
  return foreign;
}

/** What a ComfyUI that nobody disturbs makes of the same graphs. */
async function expectedPictures(jobs: readonly SubmittedJob[]): Promise<readonly string[]> {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "comfymulti-soak-reference-"));
  const comfyui = await createSimulatedComfyui({
    dataDirectory,
    port: 0,
    speed: 1000,
    testNodes: true,
  });
  try {
    const sums = [];
    for (const { id, graph } of jobs) {
      await fetch(new URL("/prompt", comfyui.url), {
        method: "POST",
        body: JSON.stringify({ prompt: graph, prompt_id: id }),
      });
      let history: History = {};
      while (!history[id]) {
        await pause(5);
        history = (await (await fetch(new URL(`/history/${id}`, comfyui.url))).json()) as History;
      }
      const [image] = history[id].outputs["3"]?.images ?? [];
      const picture = await fetch(
        new URL(`/view?filename=${image?.filename}&type=output`, comfyui.url),
      );
      sums.push(sha256(Buffer.from(await picture.arrayBuffer())));
    }
    return sums;
  } finally {
    await comfyui.close();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
