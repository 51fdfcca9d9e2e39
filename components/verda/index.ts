export { isGone, isNoCapacity, VerdaClient, VerdaError, verdaSettings } from "./client/index.ts";
export type { TransportOptions, VerdaSettings } from "./client/index.ts";
export { availability, prices } from "./market.ts";
export type { AvailabilityOptions, InstancePrice, Prices } from "./market.ts";
export { deleteOrphan, findOrphans } from "./orphans.ts";
export type { Orphan } from "./orphans.ts";
export * from "./resources/index.ts";
export type { Scope } from "./tag.ts";
