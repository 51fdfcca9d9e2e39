/** Public face of the queue-manager: what infrastructure code and tests may use. */
export { buildApp } from "./app.ts";
export type { AppOptions } from "./app.ts";
export { environmentSchema } from "./environment.ts";
export type { ConfiguredUser, Environment } from "./environment.ts";
export { createLogger } from "./logging.ts";
