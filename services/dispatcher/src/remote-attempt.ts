/**
 * One attempt of a job at the endpoint: waits for a replica, follows what it says, and answers how it
 * ended. Nothing here ends a job in the queue.
 */
import type { RemoteJob, RemoteJobEvent, ReplicaFacts } from "@comfymulti/queue";
import pRetry from "p-retry";
import { NoReplicaError, ReplicaLostError, type Endpoint } from "./endpoint.ts";

/** A replica ends a job at its time limit; one that does not is given up this much later, ms. */
const OVERTIME_MS = 180_000;

const RETRIES = {
  retries: Number.POSITIVE_INFINITY,
  minTimeout: 1_000,
  maxTimeout: 15_000,
  randomize: true,
} as const;

/** What a replica says last. */
export type RemoteEnd = Exclude<RemoteJobEvent, { kind: "started" | "running" }>;

export interface AttemptOptions {
  /** How long to wait for a replica that takes the job, ms; held calls and pauses are in it. */
  readonly patienceMs: number;
  /** Aborting it stops the job. */
  readonly signal: AbortSignal;
  /** A replica took the job. */
  readonly onStarted: (info: ReplicaFacts["info"]) => void;
}

/**
 * Throws NoReplicaError when none took it in time, ReplicaLostError when one took it and went away,
 * KeyRefusedError, EndpointRefusedError, or the reason of `signal`.
 */
export async function attemptRemotely(
  endpoint: Endpoint,
  job: RemoteJob,
  { patienceMs, signal, onStarted }: AttemptOptions,
): Promise<RemoteEnd> {
  const late = new AbortController();
  let last = "the endpoint held the call";
  let timer = setTimeout(() => {
    const seconds = Math.round(patienceMs / 1000);
    late.abort(new NoReplicaError(`No replica took the job within ${seconds} s: ${last}`));
  }, patienceMs);
  const started = (info: ReplicaFacts["info"]): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      late.abort(new ReplicaLostError("The replica did not end the job in time."));
    }, job.limits.totalMs + OVERTIME_MS);
    onStarted(info);
  };
  const either = AbortSignal.any([signal, late.signal]);
  try {
    return await pRetry(() => follow(endpoint, job, either, started), {
      ...RETRIES,
      signal: either,
      shouldRetry: ({ error }) => error instanceof NoReplicaError,
      onFailedAttempt: ({ error }) => {
        last = error.message;
      },
    });
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  endpoint: Endpoint,
  job: RemoteJob,
  signal: AbortSignal,
  onStarted: AttemptOptions["onStarted"],
): Promise<RemoteEnd> {
  for await (const event of endpoint.run(job, signal)) {
    if (event.kind === "started") onStarted(event.info);
    else if (event.kind !== "running") return event;
  }
  throw new ReplicaLostError("The replica ended its answer early.");
}
