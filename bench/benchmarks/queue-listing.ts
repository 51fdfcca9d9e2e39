/**
 * A participant's queue panel while a hundred large graphs of theirs wait. The editor asks for it
 * after every status message, so it must not carry 50 MB.
 */
import { Queue, packPayload } from "@comfymulti/queue";
import { randomUUID } from "node:crypto";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution, quantile } from "../measurement/statistics.ts";
import { startGateway, UNLIMITED } from "../platform/gateway.ts";
import { payloadOfSize } from "../platform/workflows.ts";

const JOBS = 100;
const JOB_BYTES = 500_000;
const VARIANTS = 8;
const CALLS = 200;
const WARM_UP = 10;
const GOAL_KB = 100;
const GOAL_MS = 10;

export const queueListing: Benchmark = {
  name: "queue-listing",
  about: `GET /queue and /api/jobs with ${JOBS} waiting jobs of 500 kB of one participant`,
  async run(scope: Scope): Promise<Figure[]> {
    const { redis, participant } = await startGateway(scope, { environment: UNLIMITED });
    const queue = await Queue.connect({ ...redis, maxQueueDepth: JOBS, userPendingLimit: JOBS });
    scope.defer(() => queue.close());
    const packed = await Promise.all(
      Array.from({ length: VARIANTS }, (_, variant) =>
        packPayload(payloadOfSize(JOB_BYTES, variant)),
      ),
    );
    for (let index = 0; index < JOBS; index++) {
      const payload = packed[index % VARIANTS];
      if (!payload) throw new Error("there is a payload");
      const job = { id: randomUUID(), user: participant.id, clientId: "browser", payload };
      await queue.enqueue({ ...job, costSeconds: 300, vramMiB: 10_000 });
    }

    const figures: Figure[] = [];
    for (const route of ["queue", "api/jobs"]) {
      const latencies: number[] = [];
      let bytes = 0;
      for (let call = -WARM_UP; call < CALLS; call++) {
        const start = performance.now();
        const answer = await fetch(new URL(route, participant.url), {
          headers: { authorization: `Bearer ${participant.token}` },
        });
        const body = Buffer.from(await answer.arrayBuffer());
        if (call >= 0) latencies.push(performance.now() - start);
        if (!answer.ok) throw new Error(`${route} was answered with ${answer.status}`);
        if (listed(body) !== JOBS) throw new Error(`${route} does not list every job`);
        bytes = body.length;
      }
      figures.push(
        { name: `GET /${route}: size`, unit: "kB", value: bytes / 1000, goal: GOAL_KB },
        { ...distribution(`GET /${route}`, "ms", latencies), goal: GOAL_MS },
        {
          name: `GET /${route}, p99`,
          unit: "ms",
          value: quantile(latencies, 0.99),
          goal: GOAL_MS,
        },
      );
    }
    return figures;
  },
};

/** Jobs in an answer of either route. */
function listed(body: Buffer): number {
  const answer = JSON.parse(body.toString()) as { queue_pending?: unknown[]; jobs?: unknown[] };
  return (answer.queue_pending ?? answer.jobs ?? []).length;
}
