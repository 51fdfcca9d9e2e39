/** What tests and infrastructure may use of the dispatcher. */
export { startDispatcher, type DispatcherApp } from "./app.ts";
export { environmentSchema, type Environment } from "./environment.ts";
