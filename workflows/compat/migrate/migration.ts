/** What a migration says: what it changed, and what it left for a person. */
import type { PromptVerdict } from "../verdict.ts";
import type { Prompt } from "../../templates/index.ts";

export type MigrationChangeKind =
  /** A required input that the graph lacks has got the definition's default. */
  | "default-filled"
  /** An input has got the name that the table of renames gives it. */
  | "input-renamed"
  /** A value has got the name that the table of renames gives it. */
  | "option-renamed"
  /** A link follows an output that has moved to another place. */
  | "link-moved"
  /** Stored widget values have been put at the places where the editor will look for them. */
  | "values-reordered";

export interface MigrationChange {
  /** As in the prompt; inside a subgraph's definition, the node's own number. */
  readonly nodeId: string;
  readonly nodeType: string;
  readonly kind: MigrationChangeKind;
  readonly input?: string;
  /** One sentence in words. */
  readonly detail: string;
}

export interface MigrationProblem {
  readonly nodeId?: string;
  readonly nodeType?: string;
  /**
   * ComfyUI's own word (`value_bigger_than_max`), a conversion's, or one of: `unknown-node`,
   * `unknown-input`, `unknown-choice` and `missing-choice` (ComfyUI says nothing of them),
   * `output-gone`, `output-moved` and `values-unclear` (the graph fits both versions, in different
   * ways), `output-node-gone` (the node does not run any more).
   */
  readonly kind: string;
  readonly input?: string;
  readonly detail: string;
}

/** Kinds of problem with which ComfyUI accepts a graph, and does something else than it was made for. */
export const silentBreaks: ReadonlySet<string> = new Set([
  "unknown-choice",
  "missing-choice",
  "output-moved",
  "output-gone",
  "output-node-gone",
]);

interface Migrated {
  /** In the order of the nodes. Empty when nothing had to change. */
  readonly changes: readonly MigrationChange[];
  /** What the migration could not or would not change. May be not empty although `verdict.ok`. */
  readonly remaining: readonly MigrationProblem[];
  /** ComfyUI's judgement of the result. */
  readonly verdict: PromptVerdict;
}

export interface PromptMigration extends Migrated {
  /** The very object that came in when there are no changes. */
  readonly prompt: Prompt;
}

export interface WorkflowMigration extends Migrated {
  /** The very object that came in when there are no changes. */
  readonly workflow: unknown;
  /** What the editor sends for the migrated workflow. */
  readonly prompt: Prompt;
}
