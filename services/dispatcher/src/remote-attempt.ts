/**
 * One attempt of a job at the endpoint: waits for a replica, follows what it says, and answers how it
 * ended. Nothing here ends a job in the queue.
 */
import type { RemoteJob, RemoteJobEvent } from "@comfymulti/queue";
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
  /** How long to wait for a replica that takes the job, ms. */
  readonly patienceMs: number;
  /** Aborting it stops the job. */
  readonly signal: AbortSignal;
  /** A replica took the job. */
  readonly onStarted: (objectInfoFingerprint: string) => void;
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
  return await pRetry(() => follow(endpoint, job, signal, onStarted), {
    ...RETRIES,
    maxRetryTime: patienceMs,
    signal,
    shouldRetry: ({ error }) => error instanceof NoReplicaError,
  });
}

async function follow(
  endpoint: Endpoint,
  job: RemoteJob,
  signal: AbortSignal,
  onStarted: (objectInfoFingerprint: string) => void,
): Promise<RemoteEnd> {
  const overtime = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const event of endpoint.run(job, AbortSignal.any([signal, overtime.signal]))) {
      if (event.kind === "started") {
        onStarted(event.objectInfoFingerprint);
        timer = setTimeout(
          () => overtime.abort(new ReplicaLostError("The replica did not end the job in time.")),
          job.limits.totalMs + OVERTIME_MS,
        );
      } else if (event.kind !== "running") {
        return event;
      }
    }
  } finally {
    clearTimeout(timer);
  }
  throw new ReplicaLostError("The replica ended its answer early.");
}
