export type * from "./answers.ts";
export { isGone, isNoCapacity, VerdaError } from "./error.ts";
export { PUBLIC_BASE_URL, verdaSettings, verdaSettingsSchema } from "./settings.ts";
export type { VerdaSettings } from "./settings.ts";
export type { TransportOptions } from "./transport.ts";
export { VerdaClient } from "./verda-client.ts";
