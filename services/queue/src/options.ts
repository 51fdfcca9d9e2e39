/** What a queue is connected with. Limits and policy act where jobs come in, leases where they go out. */
import type { RedisAddress } from "./connection.ts";

export interface QueueOptions extends RedisAddress {
  /** One per workshop; every key carries it. Default `cm`. */
  readonly hashTag?: string;
  /** Order of claims. Default `fair`. */
  readonly policy?: "fair" | "fifo";
  /** Jobs that may wait in all. Default 100. */
  readonly maxQueueDepth?: number;
  /** Jobs of one user that may wait. Default 5. */
  readonly userPendingLimit?: number;
  /** Share of the GPU by user; 2 gets twice what 1 gets. Default 1 for everybody. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Ms without a heartbeat after which a job goes back. Default 30,000. */
  readonly leaseMs?: number;
  /** Lost workers after which a job is failed instead of queued again. Default 10. */
  readonly maxLosses?: number;
  /** Ended jobs kept per user. Default 200. */
  readonly historyPerUser?: number;
  /** False lets tests and benchmarks use a Redis that may lose jobs. Default true. */
  readonly requireDurability?: boolean;
}

export const defaultOptions = {
  hashTag: "cm",
  policy: "fair",
  maxQueueDepth: 100,
  userPendingLimit: 5,
  weights: {},
  leaseMs: 30_000,
  maxLosses: 10,
  historyPerUser: 200,
  requireDurability: true,
} as const satisfies Partial<QueueOptions>;
