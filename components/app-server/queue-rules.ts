import type { Environment } from "@comfymulti/queue-manager/environment";
import type { VariablesOf } from "../service-environment.ts";

/** What the queue takes in, in which order it serves it, and what it keeps. */
export interface QueueRules {
  /** Jobs that may wait in all. */
  readonly maxQueueDepth: number;
  /** Jobs of one participant that may wait. */
  readonly userPendingLimit: number;
  /** Order of the queue. */
  readonly queuePolicy: Environment["QUEUE_POLICY"];
  /** GPU seconds by which a job with loaded models may go before its turn; 0 = never. */
  readonly modelAffinitySeconds: number;
  /** How often one job may be passed over so. */
  readonly modelAffinityPasses: number;
  /** Attempts that may end in a crash of ComfyUI. */
  readonly maxAttempts: number;
  /** Workers that may be lost over one job. */
  readonly maxWorkerLosses: number;
  /** Ended jobs kept of each participant, and for how many days. */
  readonly historyPerUser: number;
  readonly historyDays: number;
  /** Whether graphs that the workers would refuse are healed where they can be. */
  readonly migratePrompts: boolean;
  /** What one participant's uploads may take, GiB. */
  readonly userUploadGib: number;
}

/** The rules as the gateway's environment has them. */
export const queueEnvironment = (rules: QueueRules) =>
  ({
    MAX_QUEUE_DEPTH: String(rules.maxQueueDepth),
    USER_PENDING_LIMIT: String(rules.userPendingLimit),
    QUEUE_POLICY: rules.queuePolicy,
    AFFINITY_WINDOW_SECONDS: String(rules.modelAffinitySeconds),
    AFFINITY_PASSES: String(rules.modelAffinityPasses),
    MAX_ATTEMPTS: String(rules.maxAttempts),
    MAX_WORKER_LOSSES: String(rules.maxWorkerLosses),
    HISTORY_PER_USER: String(rules.historyPerUser),
    HISTORY_DAYS: String(rules.historyDays),
    MIGRATE_PROMPTS: String(rules.migratePrompts),
    USER_UPLOAD_BYTES: String(rules.userUploadGib * 1024 ** 3),
  }) satisfies VariablesOf<Environment>;
