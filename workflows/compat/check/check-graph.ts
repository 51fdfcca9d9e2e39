/** One graph, of either format, held against a ComfyUI's node definitions; and healed where it can be. */
import { isModelFile } from "../../cost-model.ts";
import { isWorkflow, readGraph } from "../convert/index.ts";
import { withModels } from "../file-options.ts";
import { renames } from "../diff/renames.ts";
import { migratePrompt, migrateWorkflow, silentBreaks } from "../migrate/index.ts";
import type { MigrationProblem } from "../migrate/index.ts";
import type { ObjectInfo } from "../object-info.ts";
import { validatePrompt } from "../validate-prompt.ts";
import type { PromptVerdict } from "../verdict.ts";
import type { Prompt } from "../../templates/index.ts";

export interface CheckOptions {
  /** Node definitions that the graph was made with; lets links follow outputs that moved. */
  readonly from?: ObjectInfo;
  /**
   * Whether model files count as there whatever the definitions list. A capture lists none; a
   * running ComfyUI lists its own. Default false.
   */
  readonly anyModel?: boolean;
}

export interface GraphCheck {
  readonly format: "workflow" | "prompt" | "unknown";
  /**
   * `ok`: runs as it is. `needs-migration`: refused as it is, and `fixed` runs. `invalid`: refused,
   * and nothing here can help it.
   */
  readonly verdict: "ok" | "needs-migration" | "invalid";
  /** Why it is refused as it is, a sentence each. */
  readonly problems: readonly GraphProblem[];
  /** What a migration changes, or changed, a sentence each. */
  readonly changes: readonly string[];
  /** What ComfyUI says nothing about and its author may want to know, whatever the verdict. */
  readonly notes: readonly GraphProblem[];
  /** The healed graph in its own format; only with `needs-migration`. */
  readonly fixed?: unknown;
}

export interface GraphProblem {
  readonly nodeId?: string;
  readonly nodeType?: string;
  readonly message: string;
}

/** @param json the file's content, parsed; anything at all */
export function checkGraph(
  json: unknown,
  objectInfo: ObjectInfo,
  { from, anyModel = false }: CheckOptions = {},
): GraphCheck {
  const read = readGraph(json, objectInfo);
  const to = anyModel ? withModels(objectInfo, modelFilesOf(read.prompt)) : objectInfo;
  const { format } = read;
  const problems = [...read.problems, ...problemsOf(validatePrompt(read.prompt, to))];
  if (format === "unknown") {
    return { format, verdict: "invalid", problems: read.problems, changes: [], notes: [] };
  }

  const options = { to, renames, ...(from && { from }) };
  const migration = isWorkflow(json)
    ? migrateWorkflow(json, options)
    : migratePrompt(read.prompt, options);
  const changes = migration.changes.map(({ detail }) => detail);
  const notes = migration.remaining.filter(({ kind }) => SILENT.has(kind)).map(toProblem);
  if (problems.length === 0) return { format, verdict: "ok", problems, changes: [], notes };

  const healed = "workflow" in migration ? migration.workflow : migration.prompt;
  // It would run, and take another output than it was made for.
  const misled = migration.remaining.some(({ kind }) => kind === "output-gone");
  if (misled || !runs(healed, to)) return { format, verdict: "invalid", problems, changes, notes };
  return { format, verdict: "needs-migration", problems, changes, notes, fixed: healed };
}

/** What ComfyUI says nothing about: it drops what it does not know, and follows the wrong output. */
const SILENT = new Set([...silentBreaks, "unknown-input", "values-unclear"]);

const toProblem = ({ nodeId, nodeType, detail }: MigrationProblem): GraphProblem => ({
  ...(nodeId !== undefined && { nodeId }),
  ...(nodeType !== undefined && { nodeType }),
  message: detail,
});

function runs(graph: unknown, objectInfo: ObjectInfo): boolean {
  const { prompt, problems } = readGraph(graph, objectInfo);
  return problems.length === 0 && problemsOf(validatePrompt(prompt, objectInfo)).length === 0;
}

/** An output that would be left out is a fault of the graph, although ComfyUI runs the others. */
export function problemsOf(verdict: PromptVerdict): GraphProblem[] {
  const problems = Object.entries(verdict.nodeErrors).flatMap(
    ([nodeId, { class_type: nodeType, errors }]) =>
      errors.map(({ message, details }) => ({
        nodeId,
        nodeType,
        message: `${message}: ${details}`,
      })),
  );
  if (problems.length > 0 || verdict.ok) return problems;
  const { message, details } = verdict.error;
  return [{ message: details === "" ? message : `${message}: ${details}` }];
}

const modelFilesOf = (prompt: Prompt): string[] =>
  Object.values(prompt).flatMap(({ inputs }) =>
    Object.values(inputs).filter(
      (value): value is string => typeof value === "string" && isModelFile(value),
    ),
  );
