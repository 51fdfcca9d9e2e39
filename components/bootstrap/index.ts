/** Scripts that make a fresh machine ready. Imports nothing of ours. */
export { renderGpuStartupScript, renderHostBootstrap } from "./render.ts";
export { gpuRecordSchema, hostRecordSchema } from "./record.ts";
export type { GpuRecord, HostRecord } from "./record.ts";
