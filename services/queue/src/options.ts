/**
 * What a queue is connected with. Depth, bytes and the users' limits act where jobs come in, leases
 * where they go out; what all must agree on acts once a gateway has called `applySettings`.
 */
import { z } from "zod";
import type { RedisAddress } from "./connection.ts";

/**
 * Order of claims: `fair` in GPU seconds between users; `fifo`, first come first served; `priority`,
 * the highest first, and among equals first come first served.
 */
export const queuePolicySchema = z.enum(["fair", "fifo", "priority"]);
export type QueuePolicy = z.infer<typeof queuePolicySchema>;

/**
 * How far a job whose models a worker has loaded may go before the one whose turn it is. Under the
 * policy `fair` only: the others promise an order.
 */
export interface Affinity {
  /** Only jobs whose start tag is at most this much later, GPU seconds at weight 1. 0 = never. */
  readonly windowSeconds: number;
  /** Claims that may pass the same job over; then it is next whatever is loaded. */
  readonly passes: number;
}

export interface QueueOptions extends RedisAddress {
  /** One per workshop; every key carries it. Default `cm`. */
  readonly hashTag?: string;
  /** Order of claims. Default `fair`. */
  readonly policy?: QueuePolicy;
  /** Jobs that may wait in all. Default 100. */
  readonly maxQueueDepth?: number;
  /** Jobs of one user that may wait. Default 5. */
  readonly userPendingLimit?: number;
  /** Share of the GPU by user; 2 gets twice what 1 gets. Default 1 for everybody. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Ms without a heartbeat after which a job goes back. Default 30,000. */
  readonly leaseMs?: number;
  /** Compressed graphs that may wait in all, bytes. Default 256 MiB. */
  readonly maxQueueBytes?: number;
  /** Preference for loaded models. Default: 60 GPU seconds, 3 passes. */
  readonly affinity?: Affinity;
  /** Lost workers after which a job is failed instead of queued again. Default 10. */
  readonly maxLosses?: number;
  /** Attempts that may end in a failure of the worker's ComfyUI; the last one fails the job. Default 3. */
  readonly maxAttempts?: number;
  /** Ended jobs kept per user. Default 200. */
  readonly historyPerUser?: number;
  /** Compressed graphs and results of a user's ended jobs, bytes; the newest is always kept. Default 32 MiB. */
  readonly historyBytesPerUser?: number;
  /** Age at which an ended job is dropped, ms. Default 7 days. */
  readonly historyMaxAgeMs?: number;
  /** False lets tests and benchmarks use a Redis that may lose jobs. Default true. */
  readonly requireDurability?: boolean;
}

export const defaultOptions = {
  hashTag: "cm",
  policy: "fair",
  maxQueueDepth: 100,
  userPendingLimit: 5,
  weights: {},
  maxQueueBytes: 256 * 1024 * 1024,
  affinity: { windowSeconds: 60, passes: 3 },
  leaseMs: 30_000,
  maxLosses: 10,
  maxAttempts: 3,
  historyPerUser: 200,
  historyBytesPerUser: 32 * 1024 * 1024,
  historyMaxAgeMs: 7 * 24 * 3600 * 1000,
  requireDurability: true,
} as const satisfies Partial<QueueOptions>;

/** What all gateways and workers go by alike, as it lies in Redis: put there by `applySettings`. */
export const sharedSettings = (options: Required<Omit<QueueOptions, keyof RedisAddress>>) => ({
  policy: options.policy,
  affinityWindow: options.affinity.windowSeconds,
  affinityPasses: options.affinity.passes,
  maxLosses: options.maxLosses,
  maxAttempts: options.maxAttempts,
  historyPerUser: options.historyPerUser,
  historyBytesPerUser: options.historyBytesPerUser,
  historyMaxAgeMs: options.historyMaxAgeMs,
});

/** Lua source: what a setting is before a gateway has put one there. */
export const luaDefaults = [
  "local defaults = {",
  ...Object.entries(sharedSettings(defaultOptions)).map(
    ([name, value]) => `  ${name} = ${JSON.stringify(value)},`,
  ),
  "}",
].join("\n");
