/** Graphs of one ComfyUI healed for another, with each change in words. */
export { migratePrompt } from "./migrate-prompt.ts";
export type { MigrateOptions } from "./migrate-prompt.ts";
export { migrateWorkflow } from "./migrate-workflow.ts";
export { silentBreaks } from "./migration.ts";
export type {
  MigrationChange,
  MigrationChangeKind,
  MigrationProblem,
  PromptMigration,
  WorkflowMigration,
} from "./migration.ts";
export type { Renames } from "./renames.ts";
