/** What changes for graphs between two versions of ComfyUI, or two object_info files. */
import { readFileSync } from "node:fs";
import {
  allowListSchema,
  diffObjectInfo,
  IncomparableError,
  readGraph,
  templates,
  type AllowedChange,
  type DiffScope,
  type Prompt,
} from "@comfymulti/workflows";
import Table from "cli-table3";
import pc from "picocolors";
import { graphFiles } from "../workflows/graph-files.ts";
import { objectInfoSource } from "../workflows/object-info-source.ts";
import { VisibleError } from "../visible-error.ts";

export interface WorkflowsDiffOptions {
  readonly scope: DiffScope;
  /** With the scope `saved`: files and folders. Default: the templates. */
  readonly graphs?: readonly string[];
  /** A file of changes that were looked at and found harmless. */
  readonly allow?: string;
  readonly json: boolean;
}

type Result = ReturnType<typeof diffObjectInfo>;

/** Sets the exit code: 1 when a change is breaking, else 0. */
export function workflowsDiff(
  older: string,
  newer: string,
  { scope, graphs, allow, json }: WorkflowsDiffOptions,
): void {
  const before = objectInfoSource(older);
  const after = objectInfoSource(newer);
  let result: Result;
  try {
    result = diffObjectInfo(before.objectInfo, after.objectInfo, {
      scope,
      ...(scope === "saved" && { saved: savedPrompts(graphs, before.objectInfo) }),
      ...(allow !== undefined && { allow: readAllowList(allow) }),
    });
  } catch (error) {
    if (error instanceof IncomparableError) throw new VisibleError(error.message);
    throw error;
  }
  if (json) {
    console.log(JSON.stringify(result.changes, null, 2));
  } else {
    console.log(asTable(result));
    console.log(summary(result, before.name, after.name));
  }
  if (result.worst === "breaking") process.exitCode = 1;
}

function savedPrompts(
  graphs: readonly string[] | undefined,
  objectInfo: Parameters<typeof readGraph>[1],
): Prompt[] {
  if (!graphs) return templates.map(({ api }) => api);
  return graphFiles(graphs)
    .map(({ json }) => readGraph(json, objectInfo))
    .filter(({ format }) => format !== "unknown")
    .map(({ prompt }) => prompt);
}

function readAllowList(file: string): readonly AllowedChange[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new VisibleError(`${file} can't be read: ${(error as Error).message}`);
  }
  const parsed = allowListSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VisibleError(`${file}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`);
}

const colours = {
  breaking: pc.red,
  migratable: pc.yellow,
  behavioural: pc.cyan,
  harmless: pc.dim,
} as const;

function asTable({ changes }: Result): string {
  if (changes.length === 0) return "";
  const table = new Table({
    head: ["class", "node", "input", "what"],
    style: { head: [], border: [] },
    colWidths: [null, null, null, 70],
    wordWrap: true,
  });
  for (const change of changes) {
    table.push([
      colours[change.class](change.class),
      change.node,
      change.input ?? (change.output === undefined ? "" : `output ${change.output}`),
      change.detail,
    ]);
  }
  return table.toString();
}

function summary({ changes, allowed }: Result, older: string, newer: string): string {
  const count = (wanted: string) => changes.filter((change) => change.class === wanted).length;
  const counts = Object.keys(colours).map((name) => `${count(name)} ${name}`);
  const rest = allowed.length === 0 ? "" : `; ${allowed.length} more are on the allow list`;
  return `${older} → ${newer}: ${counts.join(", ")}${rest}.`;
}
