/** Public face of the package. Infrastructure imports `@comfymulti/frontend/environment`. */
export { buildApp } from "./app.ts";
export type { AppOptions } from "./app.ts";
export { environmentSchema } from "./environment.ts";
export type { Environment } from "./environment.ts";
export { defaultLimits } from "./limits.ts";
export type { Limits } from "./limits.ts";
