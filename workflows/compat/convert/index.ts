/** Graphs in the editor's format as what the editor would send to ComfyUI. */
export { isPrompt, isWorkflow, readGraph } from "./formats.ts";
export type { ReadGraph } from "./formats.ts";
export type { ConversionProblem, ConversionProblemKind } from "./problems.ts";
export { workflowToPrompt } from "./workflow-to-prompt.ts";
export type { Conversion } from "./workflow-to-prompt.ts";
