/** `progress_state`: what ComfyUI tells of every node of the running prompt that has begun. */

/** Python writes 0.0 and 1.0 for a node that tells no steps; in JSON they are the same numbers. */
interface NodeProgress {
  value: number;
  max: number;
  state: "running" | "finished";
}

export class PromptProgress {
  private readonly nodes = new Map<string, NodeProgress>();
  private readonly promptId: string;

  constructor(promptId: string) {
    this.promptId = promptId;
  }

  start(node: string): void {
    this.nodes.set(node, { value: 0, max: 1, state: "running" });
  }

  update(node: string, value: number, max: number): void {
    this.nodes.set(node, { value, max, state: "running" });
  }

  finish(node: string): void {
    const max = this.nodes.get(node)?.max ?? 1;
    this.nodes.set(node, { value: max, max, state: "finished" });
  }

  /** The data of the message. */
  message(): Record<string, unknown> {
    const nodes = [...this.nodes].map(([node, { value, max, state }]) => [
      node,
      { value, max, state, ...this.identity(node) },
    ]);
    return { prompt_id: this.promptId, nodes: Object.fromEntries(nodes) as unknown };
  }

  /** The keys by which ComfyUI names a node in progress messages and preview metadata. */
  identity(node: string): Record<string, unknown> {
    return {
      node_id: node,
      prompt_id: this.promptId,
      display_node_id: node,
      parent_node_id: null,
      real_node_id: node,
    };
  }
}
