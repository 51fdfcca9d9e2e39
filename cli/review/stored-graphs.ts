/** What stored graphs need on the new workers, compared with the present ones. */
import { checkGraph, loadObjectInfo } from "@comfymulti/workflows";

export interface StoredGraph {
  /** `flux2_klein_4b_text_to_image`, or `user003: portraits/mine.json`. */
  readonly name: string;
  /** Parsed; anything at all. */
  readonly json: unknown;
}

export interface GraphVerdict {
  readonly name: string;
  /**
   * `runs`: as it is. `heals`: is refused as it is, and the gateway fills in what is missing. `breaks`:
   * ran until now, and will be refused. `broken`: is refused already.
   */
  readonly verdict: "runs" | "heals" | "breaks" | "broken";
  /** A sentence each: what is refused, or what a migration changes. */
  readonly reasons: readonly string[];
}

export interface WorkerVersions {
  readonly from: string;
  readonly to: string;
}

/** @returns a verdict on each that is a graph; other JSON is passed over */
export function judgeGraphs(
  graphs: readonly StoredGraph[],
  { from, to }: WorkerVersions,
): GraphVerdict[] {
  const [before, after] = [loadObjectInfo(from), loadObjectInfo(to)];
  return graphs.flatMap(({ name, json }): GraphVerdict[] => {
    const now = checkGraph(json, after, { from: before, anyModel: true });
    if (now.format === "unknown") return [];
    if (now.verdict === "ok") return [{ name, verdict: "runs", reasons: [] }];
    if (now.verdict === "needs-migration") {
      return [{ name, verdict: "heals", reasons: now.changes }];
    }
    const reasons = now.problems.map(({ nodeId, nodeType, message }) =>
      nodeId === undefined ? message : `node ${nodeId} (${nodeType ?? "?"}): ${message}`,
    );
    const ran = checkGraph(json, before, { anyModel: true }).verdict !== "invalid";
    return [{ name, verdict: ran ? "breaks" : "broken", reasons }];
  });
}
