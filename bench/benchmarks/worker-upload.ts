/**
 * A 200 MB video from a worker to the gateway, beside what the disk and sha256 alone take: a copy of
 * the same file, fsynced, and the hash of the copy. Both take turns, so that a busy moment meets both.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { copyFile, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Queue } from "@comfymulti/queue";
import type { Holder } from "@comfymulti/queue";
import { QueueManagerClient } from "../../worker/src/results/queue-manager.ts";
import type { StoredBytes } from "../../worker/src/results/queue-manager.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution, median } from "../measurement/statistics.ts";
import type { Gateway } from "../platform/gateway.ts";
import { registerWorker } from "../platform/registered-worker.ts";
import { startGatewayForWorker, WORKER } from "../platform/worker.ts";
import { payloadOfSize } from "../platform/workflows.ts";

const BYTES = 200_000_000;
const PIECE = 10_000_000;
const ROUNDS = 5;
/** Longer than the benchmark takes, ms. */
const LEASE_MS = 600_000;

export const workerUpload: Benchmark = {
  name: "worker-upload",
  about: "a 200 MB video worker → gateway, beside a copy of it and its sha256",
  async run(scope: Scope): Promise<Figure[]> {
    const gateway = await startGatewayForWorker(scope);
    const holder = await holdJob(gateway, scope);
    const client = new QueueManagerClient(gateway.origin, WORKER.token, 60_000);
    scope.defer(() => client.close());
    const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-upload-"));
    scope.defer(() => rmSync(folder, { recursive: true, force: true }));

    const copies: number[] = [];
    const uploads: number[] = [];
    // The first round finds cold code.
    for (let round = 0; round <= ROUNDS; round++) {
      const video = await writeVideo(path.join(folder, "video"));
      const file = { filename: `video_${round}.mp4`, subfolder: "", type: "output" } as const;
      const copy = await timed(() => copyAndHash(video));
      const upload = await timed(() => client.putOutput(holder, file, video));
      if (round === 0) continue;
      copies.push(copy);
      uploads.push(upload);
    }
    const ratios = uploads.map((upload, round) => upload / (copies[round] ?? NaN));
    return [
      distribution("copy of 200 MB with fsync, then its sha256", "ms", copies),
      distribution("upload of 200 MB, verified and in its place", "ms", uploads),
      { name: "upload: megabytes a second", unit: "/s", value: perSecond(median(uploads)) },
      { name: "upload against copy and sha256", unit: "×", value: median(ratios) },
    ];
  },
};

/** A claim of a job that lasts as long as the benchmark. */
async function holdJob({ redis, participant }: Gateway, scope: Scope): Promise<Holder> {
  const queue = await Queue.connect({ ...redis, leaseMs: LEASE_MS });
  scope.defer(() => queue.close());
  await registerWorker(queue, WORKER.name);
  const job = randomUUID();
  await queue.enqueue({
    id: job,
    user: participant.id,
    clientId: "browser",
    payload: payloadOfSize(36_000, 0),
    costSeconds: 1,
    vramMiB: 0,
  });
  const claim = await queue.claim(WORKER.name, 80_000);
  if (claim?.job.id !== job) throw new Error("the job could not be claimed");
  return { worker: WORKER.name, job, attempt: claim.attempt };
}

/** Random, as a compressed video is; on disk before anything is measured. */
async function writeVideo(file: string): Promise<StoredBytes> {
  const hash = createHash("sha256");
  const handle = await open(file, "w");
  for (let size = 0; size < BYTES; size += PIECE) {
    const piece = randomBytes(PIECE);
    hash.update(piece);
    await handle.writeFile(piece);
  }
  await handle.sync();
  await handle.close();
  return { path: file, size: BYTES, sha256: hash.digest("hex") };
}

async function copyAndHash(video: StoredBytes): Promise<void> {
  const copy = `${video.path}-copy`;
  await copyFile(video.path, copy);
  const handle = await open(copy);
  await handle.sync();
  await handle.close();
  const hash = createHash("sha256");
  for await (const piece of createReadStream(copy)) hash.update(piece as Buffer);
  if (hash.digest("hex") !== video.sha256) throw new Error("the copy has other bytes");
  await rm(copy);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

const perSecond = (ms: number): number => BYTES / 1e6 / (ms / 1000);
