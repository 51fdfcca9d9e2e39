/** Workers and what they drive. May import components/hosts, components/app-server (types) and the worker's environment schema. */
export { SimulatedComfyui, type SimulatedComfyuiArgs } from "./simulated-comfyui.ts";
export { Worker, type WorkerArgs } from "./worker.ts";
export { GpuFleet, type GpuFleetArgs } from "./gpu-fleet.ts";
export { GpuWorker, type GpuWorkerArgs } from "./gpu-worker.ts";
export type { TailnetPlace, WorkerQueue } from "./gpu-worker.ts";
export { ServerlessWorkers, type ServerlessWorkersArgs } from "./serverless-workers.ts";
export {
  fleetSettingsSchema,
  machineSettingsSchema,
  replicaSettingsSchema,
  serverlessSettingsSchema,
} from "./settings.ts";
export type { FleetSettings, FleetWorker, ServerlessSettings } from "./settings.ts";
export { assertModelsFit } from "./shared-filesystem.ts";
export { WorkerDrain, type WorkerDrainArgs } from "./worker-drain.ts";
