/** Public face of the queue. Nothing else touches its keys. */
export { Queue } from "./queue.ts";
export { type QueueOptions } from "./options.ts";
export { type RedisAddress } from "./connection.ts";
export * from "./contract.ts";
export * from "./errors.ts";
export * from "./protocol.ts";
