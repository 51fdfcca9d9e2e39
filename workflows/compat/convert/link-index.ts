/** The links of one graph, ready to be looked up. */
import type { GraphLink, Subgraph, Workflow } from "./graph-schema.ts";

/** The ids that the editor gives the two edges of a subgraph. */
export const SUBGRAPH_INPUTS = "-10";
const SUBGRAPH_OUTPUTS = "-20";

export interface LinkIndex {
  readonly byId: ReadonlyMap<number, GraphLink>;
  readonly byOrigin: ReadonlyMap<string, readonly GraphLink[]>;
  /** Of a subgraph: per input, the links that it feeds, in its own order. */
  readonly entries: readonly (readonly number[])[];
  /** Of a subgraph: per output, the link that feeds it. */
  readonly exits: readonly (GraphLink | undefined)[];
}

/** `subgraph`: the graph itself, when it is one. */
export function indexLinks(graph: Workflow | Subgraph, subgraph?: Subgraph): LinkIndex {
  const links = (graph.links ?? []).filter((link) => link !== null);
  const byId = new Map(links.map((link) => [link.id, link]));
  const byOrigin = Map.groupBy(links, ({ origin }) => origin);
  const fromInput = Map.groupBy(
    byOrigin.get(SUBGRAPH_INPUTS) ?? [],
    ({ originSlot }) => originSlot,
  );
  const toOutput = new Map(
    links
      .filter(({ target }) => target === SUBGRAPH_OUTPUTS)
      .map((link) => [link.targetSlot, link]),
  );
  return {
    byId,
    byOrigin,
    entries: (subgraph?.inputs ?? []).map(
      ({ linkIds }, slot) => linkIds ?? fromInput.get(slot)?.map(({ id }) => id) ?? [],
    ),
    exits: (subgraph?.outputs ?? []).map(({ linkIds }, slot) => {
      const [listed] = linkIds ?? [];
      return listed === undefined ? toOutput.get(slot) : byId.get(listed);
    }),
  };
}
