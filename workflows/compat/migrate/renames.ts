/** The table of renames as a migration reads it. Where an entry comes from is no matter here. */
import type { NodeRenames as SourcedRenames } from "../diff/renames.ts";

export type NodeRenames = Omit<SourcedRenames, "source">;

/** By node type. A `RenameTable` is one. */
export type Renames = Readonly<Record<string, NodeRenames>>;

/** A look-up that `constructor` and its like do not confuse. */
export function lookUp<Value>(
  table: Readonly<Record<string, Value>> | undefined,
  key: string,
): Value | undefined {
  return table && Object.hasOwn(table, key) ? table[key] : undefined;
}
