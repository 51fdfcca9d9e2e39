export { createSimulatedComfyui } from "./app.ts";
export type { SimulatedComfyui, SimulatedComfyuiOptions } from "./app.ts";
export { environmentSchema, simulatedVersions } from "./environment.ts";
export type { Environment, SimulatedVersion } from "./environment.ts";
