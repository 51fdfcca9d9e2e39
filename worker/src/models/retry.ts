/** Which faults of the network and the bucket pass, and how often they are tried again. */
import pRetry from "p-retry";
import { ModelsError, ObjectChangedError } from "./models-error.ts";

/** An attempt that brought this much further was worth it: it takes nothing from the patience. */
const PROGRESS_BYTES = 1024 * 1024;

export interface RetryOptions {
  signal: AbortSignal;
  /** Tries after the first. Default 8: one to three minutes in all. */
  retries?: number;
  /** Called before each further try. */
  onRetry?: (error: Error) => void;
  /** Bytes that the last attempt brought. */
  progress?: () => number;
}

/** The bucket's HTTP status, where it answered. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode;
}

function mayPass(error: Error): boolean {
  if (error instanceof ModelsError || error instanceof ObjectChangedError) return false;
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 408 || status === 429 || status < 400;
}

/** Tries again with growing, jittered pauses as long as the fault may pass. */
export const withRetries = <Value>(
  attempt: () => Promise<Value>,
  { signal, retries = 8, onRetry, progress }: RetryOptions,
): Promise<Value> =>
  pRetry(attempt, {
    ...{ signal, retries, minTimeout: 500, maxTimeout: 30_000, randomize: true },
    shouldConsumeRetry: () => (progress?.() ?? 0) < PROGRESS_BYTES,
    shouldRetry: ({ error }) => mayPass(error),
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && mayPass(error)) onRetry?.(error);
    },
  });
