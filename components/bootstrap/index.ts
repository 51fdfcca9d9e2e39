/** Scripts that make a fresh machine ready. Imports nothing of ours. */
export { renderGpuStartupScript, renderHostBootstrap, renderImageLoad } from "./render.ts";
export { gpuRecordSchema, hostRecordSchema, imageLoadSchema } from "./record.ts";
export type { GpuRecord, HostRecord, ImageLoad } from "./record.ts";
