/** What others of the worker may use of the model commands. */
export { scanModels, scanReportSchema } from "./scan.ts";
export type { ScanReport } from "./scan.ts";
export { modelsSettingsSchema } from "./settings.ts";
