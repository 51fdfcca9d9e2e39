/** Workers and what they drive. May import components/hosts, components/app-server (types) and the worker's environment schema. */
export { SimulatedComfyui, type SimulatedComfyuiArgs } from "./simulated-comfyui.ts";
export { Worker, type WorkerArgs } from "./worker.ts";
