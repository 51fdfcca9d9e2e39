/**
 * A thousand open browsers while three jobs run. The jobs were submitted without a client id, so
 * ComfyUI's dialect sends their progress and previews to every socket of their participant, which is
 * the most that a job can ask of the gateway.
 */
import { Queue, type Claim } from "@comfymulti/queue";
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution } from "../measurement/statistics.ts";
import { openBrowsers, SENT_AT, sharedNow } from "../platform/browser-crowd.ts";
import { startGateway } from "../platform/gateway.ts";
import { memoryOf } from "../platform/process-facts.ts";

/** The gateway allows a participant 32 sockets. */
const USERS = 50;
const SOCKETS_EACH = 20;
const JOBS = 3;
const PROGRESS_EVERY_MS = 100;
const PREVIEW_EVERY_MS = 250;
const PREVIEW_BYTES = 32 * 1024;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 15_000;
const SETTLE_MS = 1_000;
const LEASE_MS = 600_000;

export const browsers: Benchmark = {
  name: "browsers",
  about: `${USERS * SOCKETS_EACH} WebSockets and ${JOBS} running jobs; clients, gateway and Redis share the cores`,
  async run(scope: Scope): Promise<Figure[]> {
    const gateway = await startGateway(scope, { users: USERS });
    const queue = await Queue.connect({ ...gateway.redis, leaseMs: LEASE_MS });
    scope.defer(() => queue.close());
    await pause(SETTLE_MS);
    const alone = memoryOf(gateway.pid).rss;
    const heard = await openBrowsers(gateway.participants, SOCKETS_EACH, scope);
    await pause(SETTLE_MS);
    const connected = memoryOf(gateway.pid).rss;

    const stop = new AbortController();
    const working = Promise.all(
      gateway.participants.slice(0, JOBS).map(async ({ id }, index) => {
        const worker = `worker-${index + 1}`;
        await run(queue, await claimJob(queue, id, worker), worker, stop.signal);
      }),
    );
    scope.defer(async () => {
      stop.abort();
      await working;
    });
    await pause(WARM_UP_MS);
    await heard();
    const start = performance.now();
    await pause(MEASURED_MS);
    const { messages, progress, previews } = await heard();
    const seconds = (performance.now() - start) / 1000;
    const afterwards = memoryOf(gateway.pid).rss;
    return [
      { name: "messages delivered", unit: "/s", value: messages / seconds, samples: messages },
      distribution("progress, worker to browser", "ms", progress),
      distribution("preview of 32 kB, worker to browser", "ms", previews),
      { name: "gateway's RSS without a browser", unit: "MB", value: alone },
      { name: `gateway's RSS with ${USERS * SOCKETS_EACH} sockets`, unit: "MB", value: connected },
      { name: `the same after ${MEASURED_MS / 1000} s of jobs`, unit: "MB", value: afterwards },
    ];
  },
};

async function claimJob(queue: Queue, user: string, worker: string): Promise<Claim> {
  const payload = { prompt: {}, extraData: {}, outputsToExecute: [] };
  const job = { id: randomUUID(), user, clientId: "", payload, costSeconds: 1, vramMiB: 0 };
  await queue.enqueue(job);
  const claim = await queue.claim(worker, 0);
  if (!claim) throw new Error("the job that was just queued can be claimed");
  return claim;
}

/** Sends what a sampler sends, until it is stopped. */
async function run(queue: Queue, claim: Claim, worker: string, signal: AbortSignal): Promise<void> {
  const holder = { worker, job: claim.job.id, attempt: claim.attempt };
  const image = randomBytes(PREVIEW_BYTES);
  const every = async (ms: number, send: () => Promise<void>) => {
    for (let next = performance.now(); !signal.aborted; next += ms) {
      await pause(Math.max(0, next - performance.now()));
      await send();
    }
  };
  let value = 0;
  await Promise.all([
    every(PROGRESS_EVERY_MS, () => {
      const data = { value: value++, max: 1_000_000, prompt_id: holder.job, node: "3" };
      const message = { type: "progress", data: { ...data, sentAt: sharedNow() } };
      return queue.publishMessage(holder, message, true);
    }),
    every(PREVIEW_EVERY_MS, () => {
      const frame = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), image]);
      frame.writeDoubleBE(sharedNow(), SENT_AT);
      return queue.publishPreview(claim, frame);
    }),
  ]);
}
