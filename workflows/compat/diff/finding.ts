/** A difference that was found, before the scope decides whether it counts. */
import type { NodeDefinition } from "../object-info.ts";
import type { Change, ChangeClass } from "./change.ts";
import type { NodeRenames } from "./renames.ts";
import type { NodeUse } from "./saved-uses.ts";

/** One node type in both versions. */
export interface NodePair {
  readonly node: string;
  readonly before: NodeDefinition;
  readonly after: NodeDefinition;
  readonly renames: NodeRenames | undefined;
}

export interface Finding {
  readonly change: Change;
  /** Only graphs in the editor's format notice it. */
  readonly uiOnly?: true;
  /** What it means for one stored node of this type; undefined when that node does not notice it. */
  readonly inGraph: (use: NodeUse) => ChangeClass | undefined;
}
