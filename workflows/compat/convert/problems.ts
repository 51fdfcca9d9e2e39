/** What a conversion says about the parts of a graph that it could not carry over as they are. */

export type ConversionProblemKind =
  /** The JSON is no graph in the editor's format, or larger than anything the editor makes. */
  | "invalid-workflow"
  /** ComfyUI does not know the node's type. The node is kept, so that the worker's answer names it. */
  | "unknown-node"
  /** A node of the editor's former group format: left out. */
  | "group-node"
  /** An input names a link that the graph does not have: as if it were not connected. */
  | "broken-link"
  /** Links that lead in a circle without a node that computes: as if it were not connected. */
  | "link-cycle"
  /** The value of a widget is made by the editor while it runs (webcam, 3D view, recording). */
  | "editor-only-input";

export interface ConversionProblem {
  readonly kind: ConversionProblemKind;
  /** As in the prompt, `"75:61"` for node 61 in the subgraph node 75. */
  readonly nodeId?: string;
  readonly nodeType?: string;
  readonly input?: string;
  /** One sentence that says what is wrong and what to do. */
  readonly message: string;
}
