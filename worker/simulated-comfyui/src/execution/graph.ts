/** A prompt's graph: its links, and the order in which ComfyUI runs its nodes. */
import type { ObjectInfo } from "@comfymulti/workflows";
import { z } from "zod";

/** One node of an API-format prompt, after validation. Other keys (`_meta`) are kept. */
export const promptNodeSchema = z.looseObject({
  class_type: z.string(),
  inputs: z.record(z.string(), z.unknown()),
});
export const graphSchema = z.record(z.string(), promptNodeSchema);
export type PromptNode = z.infer<typeof promptNodeSchema>;
export type Graph = z.infer<typeof graphSchema>;

/** `[node id, output slot]`. */
export type Link = readonly [string, number];

/** ComfyUI tells a link from a list value by its form alone. */
export const isLink = (value: unknown): value is Link =>
  Array.isArray(value) &&
  value.length === 2 &&
  typeof value[0] === "string" &&
  typeof value[1] === "number";

/**
 * The nodes still to run, given out one at a time in ComfyUI's order: a ready output node first,
 * then a node that an output waits for, then one that is two links away, then the first ready one.
 * (Checked against execution orders in the recorded transcripts; the rule is read from ComfyUI.)
 */
export class ExecutionList {
  private readonly waiting = new Map<string, Set<string>>();
  private readonly graph: Graph;
  private readonly objectInfo: ObjectInfo;

  constructor(
    graph: Graph,
    objectInfo: ObjectInfo,
    outputs: readonly string[],
    isCached: (node: string) => boolean,
  ) {
    this.graph = graph;
    this.objectInfo = objectInfo;
    for (const output of outputs) this.add(output, isCached);
  }

  /** Takes the next node out; undefined when none is left. */
  next(): string | undefined {
    const ready = [...this.waiting].filter(([, needs]) => needs.size === 0).map(([node]) => node);
    const picked =
      ready.find((node) => this.isOutput(node)) ??
      ready.find((node) => this.waitingFor(node).some((next) => this.isOutput(next))) ??
      ready.find((node) =>
        this.waitingFor(node).some((next) =>
          this.waitingFor(next).some((after) => this.isOutput(after)),
        ),
      ) ??
      ready[0];
    if (picked !== undefined) this.waiting.delete(picked);
    return picked;
  }

  /** Lets the nodes that wait for this one go on. */
  finished(node: string): void {
    for (const needs of this.waiting.values()) needs.delete(node);
  }

  private add(first: string, isCached: (node: string) => boolean): void {
    const stack = [first];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (this.waiting.has(node)) continue;
      const sources = linkedNodes(this.graph, node).filter((source) => !isCached(source));
      this.waiting.set(node, new Set(sources));
      stack.push(...sources);
    }
  }

  private isOutput(node: string): boolean {
    const classType = this.graph[node]?.class_type;
    return classType !== undefined && this.objectInfo[classType]?.output_node === true;
  }

  private waitingFor(node: string): string[] {
    return [...this.waiting].filter(([, needs]) => needs.has(node)).map(([waiter]) => waiter);
  }
}

/** The nodes whose outputs this node takes. */
export function linkedNodes(graph: Graph, node: string): string[] {
  const inputs = graph[node]?.inputs ?? {};
  return Object.values(inputs)
    .filter(isLink)
    .map(([source]) => source);
}
