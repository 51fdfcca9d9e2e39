/**
 * Public face of the workflows package: what ComfyUI's versions know, whether a prompt fits one,
 * what it will cost, and the workshop's own templates. Imports nothing else of this project.
 */
export {
  captureFile,
  capturedVersions,
  comboOptions,
  loadObjectInfo,
  nodeDefinitionSchema,
  objectInfoSchema,
  readInputSpec,
} from "./compat/object-info.ts";
export type { InputSpec, NodeDefinition, ObjectInfo, SlotType } from "./compat/object-info.ts";
export {
  CaptureError,
  capturedVersionSchema,
  readObjectInfoFile,
  toCapture,
  writeCapture,
} from "./compat/capture.ts";
export { checkGraph } from "./compat/check/check-graph.ts";
export type { CheckOptions, GraphCheck, GraphProblem } from "./compat/check/check-graph.ts";
export { isPrompt, isWorkflow, readGraph, workflowToPrompt } from "./compat/convert/index.ts";
export type { Conversion, ConversionProblem, ReadGraph } from "./compat/convert/index.ts";
export { allowListSchema } from "./compat/diff/allow-list.ts";
export type { AllowedChange } from "./compat/diff/allow-list.ts";
export type { Change, ChangeClass } from "./compat/diff/change.ts";
export { diffObjectInfo, IncomparableError } from "./compat/diff/diff-object-info.ts";
export type { DiffOptions, DiffResult, DiffScope } from "./compat/diff/diff-object-info.ts";
export { judgePair, versionMatrix } from "./compat/matrix/version-matrix.ts";
export type {
  MatrixOptions,
  PairCell,
  PairVerdict,
  TemplateVerdict,
} from "./compat/matrix/version-matrix.ts";
export { migratePrompt, migrateWorkflow } from "./compat/migrate/index.ts";
export { renames } from "./compat/diff/renames.ts";
export type {
  MigrationChange,
  PromptMigration,
  WorkflowMigration,
} from "./compat/migrate/index.ts";
export { fingerprintObjectInfo } from "./compat/fingerprint.ts";
export { withModels } from "./compat/file-options.ts";
export { validatePrompt } from "./compat/validate-prompt.ts";
export type { ValidateOptions } from "./compat/validate-prompt.ts";
export type {
  InputError,
  NodeError,
  NodeErrors,
  PromptError,
  PromptVerdict,
} from "./compat/verdict.ts";
export { comfyuiVersions, versionPinSchema } from "./versions.ts";
export type { VersionPin } from "./versions.ts";
export { isModelFile } from "./cost-model.ts";
export { estimateCost } from "./estimate-cost.ts";
export type { CostEstimate } from "./estimate-cost.ts";
export { templates, templateThumbnail } from "./templates/index.ts";
export type { Model, Prompt, Template, Workflow } from "./templates/index.ts";
export { templatesIndex } from "./templates/browser-index.ts";
export type { BrowserCategory, BrowserTemplate } from "./templates/browser-index.ts";
export { modelFileSchema, modelManifest, modelManifestSchema, modelPath } from "./models.ts";
export type { ModelFile, ModelManifest } from "./models.ts";
