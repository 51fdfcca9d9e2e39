/** Changes of node definitions that stored graphs meet. */
import {
  diffObjectInfo,
  IncomparableError,
  loadObjectInfo,
  readGraph,
  type Change,
} from "@comfymulti/workflows";
import type { StoredGraph, WorkerVersions } from "./stored-graphs.ts";

export interface DefinitionChanges {
  /** Of nodes that a stored graph uses, worst first. */
  readonly met: readonly Change[];
  /** Of all nodes, whether any stored graph uses them. */
  readonly all: Readonly<Record<Change["class"], number>>;
}

/** Undefined when the two can't be compared. */
export function definitionChanges(
  graphs: readonly StoredGraph[],
  { from, to }: WorkerVersions,
): DefinitionChanges | undefined {
  const [before, after] = [loadObjectInfo(from), loadObjectInfo(to)];
  const saved = graphs
    .map(({ json }) => readGraph(json, before))
    .filter(({ format }) => format !== "unknown")
    .map(({ prompt }) => prompt);
  try {
    const { changes } = diffObjectInfo(before, after, { scope: "ui" });
    const count = (wanted: Change["class"]) =>
      changes.filter((change) => change.class === wanted).length;
    return {
      met: diffObjectInfo(before, after, { scope: "saved", saved }).changes,
      all: {
        breaking: count("breaking"),
        migratable: count("migratable"),
        behavioural: count("behavioural"),
        harmless: count("harmless"),
      },
    };
  } catch (error) {
    if (error instanceof IncomparableError) return undefined;
    throw error;
  }
}
