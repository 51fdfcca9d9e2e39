/** Submit to start through the whole platform: HTTP in, the participant's WebSocket out. */
import { Queue } from "@comfymulti/queue";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DiskSync } from "../measurement/disk-sync.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { againstDisk } from "../measurement/latency-goal.ts";
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
    const stack = new TemporaryStack("local", scope);
    await stack.up();
    const status = await stack.status();
    const [participant] = status.users;
    if (!participant) throw new Error("stack local has a user");

    const claims = new Map<string, PromiseWithResolvers<number>>();
    await listenForClaims(status, participant.id, scope, (job) =>
      claims.get(job)?.resolve(performance.now()),
    );
    const browser = await Browser.open(participant);
    scope.defer(() => browser.close());
    const disk = new DiskSync(stack.dataDirectory);
    scope.defer(() => disk.close());

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
      disk.measure();
      const noWork = await browser.timeOfPlainAnswer();
      const start = performance.now();
      const answer = browser.submit(smallGraph(index), id).then(() => performance.now());
      const times = await Promise.all([answer, claim.promise, executionStart, end]);
      if (index < 0) continue;
      plain.push(noWork);
      [accepted, claimed, shown, ended].forEach((samples, kind) =>
        samples.push((times[kind] ?? NaN) - start),
      );
    }
    return [
      distribution("fdatasync of 1 kB on the same disk", "ms", disk.samples),
      distribution("HTTP answer without work (404)", "ms", plain),
      distribution("POST /prompt until answered", "ms", accepted),
      ...againstDisk("POST /prompt until claimed", claimed, disk.samples),
      distribution("POST /prompt until execution_start is seen", "ms", shown),
      distribution("POST /prompt until the job's end is seen (64 × 64 picture)", "ms", ended),
    ];
  },
};

/**
 * Hears of a claim when the worker does: both are told once the claim is on disk. The stack tells
 * nobody Redis' password, so it is taken from a process that was given it.
 */
async function listenForClaims(
  { services }: StackStatus,
  user: string,
  scope: Scope,
  onClaim: (job: string) => void,
): Promise<void> {
  const worker = services.find(({ name }) => name === "worker-1");
  if (!worker) throw new Error("stack local has worker-1");
  const queue = await Queue.connect({
    host: "127.0.0.1",
    port: Number(environmentOf(worker.pid, "REDIS_PORT")),
    password: environmentOf(worker.pid, "REDIS_PASSWORD"),
  });
  scope.defer(() => queue.close());
  const subscription = await queue.subscribe({
    onEvent: (_user, event) => {
      if (event.kind === "state" && event.reason === "claimed") onClaim(event.job);
    },
    onPreview: () => undefined,
  });
  await subscription.add(user);
}
