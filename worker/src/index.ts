/** What other packages may use of the worker: its settings and a way to run it in a process. */
export { createWorkerApp } from "./app.ts";
export type { WorkerApp } from "./app.ts";
export { environmentSchema } from "./environment.ts";
export type { Environment } from "./environment.ts";
export type { Health } from "./health/health-server.ts";
