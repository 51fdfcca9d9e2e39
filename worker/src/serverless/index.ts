/** Face of the serverless mode. */
export { createServerlessApp, type ServerlessApp } from "./app.ts";
export type { ServerlessOptions } from "./options.ts";
