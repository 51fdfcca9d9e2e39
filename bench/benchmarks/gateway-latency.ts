/** Submit to start through the whole platform: HTTP in, the participant's WebSocket out. */
import { Queue } from "@comfymulti/queue";
import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DiskSync } from "../measurement/disk-sync.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { againstDisk, withoutDisk } from "../measurement/latency-goal.ts";
import { distribution } from "../measurement/statistics.ts";
import { Browser, isEnd } from "../platform/browser.ts";
import { smallGraph } from "../platform/graphs.ts";
import { environmentOf } from "../platform/process-facts.ts";
import { TemporaryStack, type StackStatus } from "../platform/temporary-stack.ts";

const JOBS = 80;
/** The first ones find cold code and connections. */
const WARM_UP = 5;
/** After a job's end the worker still lets go of it and goes back to waiting. */
const IDLE_MS = 150;

export const gatewayLatency: Benchmark = {
  name: "gateway-latency",
  about: "POST /prompt to claim and to execution_start, whole stack local",
  async run(scope: Scope): Promise<Figure[]> {
    const { browser, status, stack, claims } = await start(scope);
    const disk = new DiskSync(stack.dataDirectory);
    scope.defer(() => disk.close());
    const always = await measure(browser, claims, () => disk.measure());
    // As no stack of ours is configured: for comparison with platforms that may lose accepted jobs.
    await syncEverySecond(status);
    const everysec = await measure(browser, claims);
    return [
      distribution("fdatasync of 1 kB on the same disk", "ms", disk.samples),
      distribution("HTTP answer without work (404)", "ms", always.plain),
      distribution("POST /prompt until answered", "ms", always.accepted),
      ...againstDisk("POST /prompt until claimed", always.claimed, disk.samples),
      distribution("POST /prompt until execution_start is seen", "ms", always.shown),
      distribution(
        "POST /prompt until the job's end is seen (64 × 64 picture)",
        "ms",
        always.ended,
      ),
      ...withoutDisk("POST /prompt until claimed, appendfsync everysec", everysec.claimed),
    ];
  },
};

/** Claims under way, by job. */
type Claims = Map<string, PromiseWithResolvers<number>>;

async function start(scope: Scope) {
  const stack = new TemporaryStack("local", scope);
  await stack.up();
  const status = await stack.status();
  const [participant] = status.users;
  if (!participant) throw new Error("stack local has a user");
  const claims: Claims = new Map();
  await listenForClaims(status, participant.id, scope, (job) =>
    claims.get(job)?.resolve(performance.now()),
  );
  const browser = await Browser.open(participant);
  scope.defer(() => browser.close());
  return { stack, status, claims, browser };
}

/** @param beforeEach Called before each submit. */
async function measure(browser: Browser, claims: Claims, beforeEach: () => void = () => undefined) {
  const plain: number[] = [];
  const accepted: number[] = [];
  const claimed: number[] = [];
  const shown: number[] = [];
  const ended: number[] = [];
  for (let index = -WARM_UP; index < JOBS; index++) {
    await pause(IDLE_MS);
    const id = randomUUID();
    const claim = Promise.withResolvers<number>();
    claims.set(id, claim);
    const executionStart = browser.heard(
      ({ type, data }) => type === "execution_start" && data["prompt_id"] === id,
    );
    const end = browser.heard((message) => isEnd(message, id));
    beforeEach();
    const noWork = await browser.timeOfPlainAnswer();
    const start = performance.now();
    const answer = browser.submit(smallGraph(variant++), id).then(() => performance.now());
    const times = await Promise.all([answer, claim.promise, executionStart, end]);
    if (index < 0) continue;
    plain.push(noWork);
    [accepted, claimed, shown, ended].forEach((samples, kind) =>
      samples.push((times[kind] ?? NaN) - start),
    );
  }
  return { plain, accepted, claimed, shown, ended };
}

/** Another one each time, or ComfyUI answers from its cache. */
let variant = 0;

/** The stack tells nobody Redis' password, so it is taken from a process that was given it. */
function redisOf({ services }: StackStatus): { host: string; port: number; password: string } {
  const worker = services.find(({ name }) => name === "worker-1");
  if (!worker) throw new Error("stack local has worker-1");
  return {
    host: "127.0.0.1",
    port: Number(environmentOf(worker.pid, "REDIS_PORT")),
    password: environmentOf(worker.pid, "REDIS_PASSWORD"),
  };
}

async function syncEverySecond(status: StackStatus): Promise<void> {
  const redis = new Redis(redisOf(status));
  await redis.config("SET", "appendfsync", "everysec");
  redis.disconnect();
}

/** Hears of a claim when the worker does: both are told once the claim is on disk. */
async function listenForClaims(
  status: StackStatus,
  user: string,
  scope: Scope,
  onClaim: (job: string) => void,
): Promise<void> {
  const queue = await Queue.connect(redisOf(status));
  scope.defer(() => queue.close());
  const subscription = await queue.subscribe({
    onEvent: (_user, event) => {
      if (event.kind === "state" && event.reason === "claimed") onClaim(event.job);
    },
    onPreview: () => undefined,
  });
  await subscription.add(user);
}
