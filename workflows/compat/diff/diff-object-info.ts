/** What changes for graphs between two versions of ComfyUI's node definitions. */
import { lookUp } from "../migrate/renames.ts";
import { objectInfoSchema } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { applyAllowList } from "./allow-list.ts";
import type { AllowedChange, Sorted } from "./allow-list.ts";
import { compareChanges, worstOf } from "./change.ts";
import type { Change, ChangeClass } from "./change.ts";
import { compareNode } from "./compare-node.ts";
import type { Finding } from "./finding.ts";
import { IncomparableError } from "./incomparable-error.ts";
import { renames as ownRenames } from "./renames.ts";
import type { RenameTable } from "./renames.ts";
import { savedUses } from "./saved-uses.ts";
import type { NodeUse } from "./saved-uses.ts";

export { IncomparableError } from "./incomparable-error.ts";

/**
 * Whose graphs: `ui` workflows of the editor (widget values by position); `api` prompts; `saved`
 * only these stored prompts. Each counts no more changes than the one before it.
 */
export type DiffScope = "ui" | "api" | "saved";

export interface DiffOptions {
  /** Default `ui`. */
  readonly scope?: DiffScope;
  /**
   * Graphs in API format; needed for the scope `saved`, where only the node types, inputs, options
   * and output slots that they use count, and a change counts as what it means to them.
   */
  readonly saved?: readonly Prompt[];
  /** Default: the project's own table. */
  readonly renames?: RenameTable;
  /** Changes that do not count until a date. Default: none. */
  readonly allow?: readonly AllowedChange[];
  /** For the expiry of `allow`. Default: now. */
  readonly now?: Date;
}

export interface DiffResult extends Sorted {
  /** Of what counts; undefined when nothing does. */
  readonly worst: ChangeClass | undefined;
}

/**
 * Every change from `before` to `after`, worst first. Words for people and files on disk never
 * count, neither does the notation of a combo.
 * Throws IncomparableError when the comparison can't be made: one side is no object_info or empty,
 * an input's definition can't be read, or there are no graphs for the scope `saved`.
 */
export function diffObjectInfo(
  before: ObjectInfo,
  after: ObjectInfo,
  options: DiffOptions = {},
): DiffResult {
  const { scope = "ui", renames = ownRenames, allow = [], now = new Date() } = options;
  const [older, newer] = [checked(before, "older"), checked(after, "newer")];
  const uses = scope === "saved" ? savedUses(options.saved ?? [], older, newer) : undefined;
  const nodes = uses ? uses.keys() : new Set([...Object.keys(older), ...Object.keys(newer)]);
  const changes = [...nodes].flatMap((node) => {
    const findings = findingsOf(node, older, newer, renames);
    const used = uses?.get(node);
    if (used) return findings.flatMap((finding) => changeInGraphs(finding, used));
    return findings.filter(({ uiOnly }) => scope === "ui" || !uiOnly).map(({ change }) => change);
  });
  const sorted = applyAllowList(changes.sort(compareChanges), allow, now);
  return { ...sorted, worst: worstOf(sorted.changes.map((change) => change.class)) };
}

function checked(objectInfo: unknown, which: string): ObjectInfo {
  const parsed = objectInfoSchema.safeParse(objectInfo);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join(".") ?? "";
    throw new IncomparableError(
      `The ${which} side is not ComfyUI's object_info${where && ` (see ${where})`}: give what GET /object_info answers.`,
    );
  }
  if (Object.keys(parsed.data).length === 0) {
    throw new IncomparableError(
      `The ${which} side names no node types: give what GET /object_info of a ComfyUI that has started answers.`,
    );
  }
  return parsed.data;
}

function findingsOf(
  node: string,
  older: ObjectInfo,
  newer: ObjectInfo,
  renames: RenameTable,
): Finding[] {
  const before = lookUp(older, node);
  const after = lookUp(newer, node);
  if (before && after) {
    return compareNode({ node, before, after, renames: lookUp(renames, node) });
  }
  const change: Change = before
    ? { node, change: "node-removed", class: "breaking", detail: `The node ${node} is gone.` }
    : { node, change: "node-added", class: "harmless", detail: `The node ${node} is new.` };
  return [{ change, inGraph: () => change.class }];
}

/** The change as the stored nodes of this type feel it; nothing when none of them does. */
function changeInGraphs({ change, uiOnly, inGraph }: Finding, uses: readonly NodeUse[]): Change[] {
  if (uiOnly) return [];
  const felt = worstOf(uses.flatMap((use) => inGraph(use) ?? []));
  return felt ? [{ ...change, class: felt }] : [];
}
