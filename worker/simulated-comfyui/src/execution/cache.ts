/**
 * What nodes gave out in the prompt before, so that unchanged ones do not run again.
 * Like ComfyUI's default cache it keeps only what the present prompt can use.
 */
import { createHash } from "node:crypto";
import type { Graph } from "./graph.ts";
import { isLink, linkedNodes } from "./graph.ts";

/** What a node left behind. */
export interface NodeResult {
  /** One value for each output slot. */
  readonly outputs: readonly unknown[];
  /** What the editor shows (`{images: [...]}`); only of nodes that show something. */
  readonly ui?: Readonly<Record<string, unknown>>;
}

export class OutputCache {
  private entries = new Map<string, NodeResult>();
  private signatures = new Map<string, string>();

  /**
   * Prepares for a prompt and forgets what it cannot use. `changed` tells of a node what its inputs
   * do not (the bytes of the file that LoadImage names).
   */
  async use(graph: Graph, changed: (node: string) => Promise<string>): Promise<void> {
    this.signatures = new Map();
    for (const node of Object.keys(graph)) await this.sign(graph, node, changed);
    const useful = new Set(this.signatures.values());
    this.entries = new Map([...this.entries].filter(([signature]) => useful.has(signature)));
  }

  get(node: string): NodeResult | undefined {
    const signature = this.signatures.get(node);
    return signature === undefined ? undefined : this.entries.get(signature);
  }

  set(node: string, result: NodeResult): void {
    const signature = this.signatures.get(node);
    if (signature !== undefined) this.entries.set(signature, result);
  }

  clear(): void {
    this.entries.clear();
  }

  /** A node's signature covers its type, its inputs and, through the links, all before it. */
  private async sign(
    graph: Graph,
    node: string,
    changed: (node: string) => Promise<string>,
    path: ReadonlySet<string> = new Set(),
  ): Promise<string> {
    const known = this.signatures.get(node);
    if (known !== undefined) return known;
    const found = graph[node];
    if (!found || path.has(node)) return "";
    const onPath = new Set([...path, node]);
    const sources = new Map<string, string>();
    for (const source of linkedNodes(graph, node)) {
      sources.set(source, await this.sign(graph, source, changed, onPath));
    }
    const inputs = Object.entries(found.inputs)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [
        name,
        isLink(value) ? { from: sources.get(value[0]), slot: value[1] } : { value },
      ]);
    const text = JSON.stringify([found.class_type, await changed(node), inputs]);
    const signature = createHash("sha256").update(text).digest("hex");
    this.signatures.set(node, signature);
    return signature;
  }
}
