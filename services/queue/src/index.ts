/** Public face of the queue. Nothing else touches its keys. */
export { Queue } from "./queue.ts";
export {
  defaultOptions,
  queuePolicySchema,
  type Affinity,
  type QueueOptions,
  type QueuePolicy,
} from "./options.ts";
export { compareEventIds } from "./event-id.ts";
export { packPayload } from "./packed-payload.ts";
export { vramPeaksSchema, type VramPeaks } from "./vram-peaks.ts";
export { type RedisAddress } from "./connection.ts";
export * from "./contract.ts";
export * from "./errors.ts";
export * from "./protocol.ts";
export * from "./remote-job.ts";
