/** Heals a graph in the editor's format for another version of ComfyUI. */
import { graphSchema } from "../convert/graph-schema.ts";
import type { GraphNode, Subgraph, Workflow } from "../convert/graph-schema.ts";
import { workflowToPrompt } from "../convert/workflow-to-prompt.ts";
import { moveOutputs } from "./migrate-slots.ts";
import type { MigrateOptions } from "./migrate-prompt.ts";
import { migrateWidgets } from "./migrate-widgets.ts";
import type { MigrationChange, MigrationProblem, WorkflowMigration } from "./migration.ts";
import { judge } from "./remaining.ts";
import { lookUp } from "./renames.ts";

type Raw = Readonly<Record<string, unknown>>;

/**
 * Does for a saved workflow what `migratePrompt` does for a prompt: widget values go where the newer
 * editor looks for them, defaults are filled in, links follow their outputs, also inside subgraphs.
 * The result is converted to API format and judged. Total, idempotent, and without effect on a graph
 * that `to` accepts as it is.
 */
export function migrateWorkflow(workflow: unknown, options: MigrateOptions): WorkflowMigration {
  const parsed = graphSchema.safeParse(workflow);
  const session = new WorkflowSession(options);
  const migrated = parsed.success ? session.migrate(workflow as Raw, parsed.data) : workflow;
  const conversion = workflowToPrompt(migrated, options.to);
  const { verdict, problems } = judge(conversion.prompt, options.to);
  const converted = conversion.problems
    .filter(({ kind }) => kind !== "unknown-node")
    .map(({ message, ...problem }) => ({ ...problem, detail: message }));
  return {
    workflow: migrated,
    prompt: conversion.prompt,
    changes: session.changes,
    remaining: [...converted, ...problems, ...session.unclear],
    verdict,
  };
}

class WorkflowSession {
  readonly changes: MigrationChange[] = [];
  readonly unclear: MigrationProblem[] = [];
  readonly #options: MigrateOptions;

  constructor(options: MigrateOptions) {
    this.#options = options;
  }

  migrate(raw: Raw, workflow: Workflow): Raw {
    const root = this.#migrateGraph(raw, workflow);
    const subgraphs = workflow.definitions?.subgraphs;
    if (!subgraphs) return root;
    const definitions = raw["definitions"] as Raw;
    const rawSubgraphs = definitions["subgraphs"] as readonly Raw[];
    const migrated = rawSubgraphs.map((subgraph, index) => {
      const parsed = subgraphs[index];
      return parsed ? this.#migrateGraph(subgraph, parsed) : subgraph;
    });
    if (migrated.every((subgraph, index) => subgraph === rawSubgraphs[index])) return root;
    return { ...root, definitions: { ...definitions, subgraphs: migrated } };
  }

  #migrateGraph(raw: Raw, graph: Workflow | Subgraph): Raw {
    const rawNodes = raw["nodes"] as readonly Raw[];
    const moved = new Map<string, ReadonlyMap<number, number>>();
    const nodes = rawNodes.map((rawNode, index) => {
      const node = graph.nodes[index];
      return node ? this.#migrateNode(rawNode, node, moved) : rawNode;
    });
    if (nodes.every((node, index) => node === rawNodes[index])) return raw;
    const links = raw["links"];
    const followed =
      moved.size > 0 && Array.isArray(links) ? { links: moveLinks(links, graph, moved) } : {};
    return { ...raw, nodes, ...followed };
  }

  #migrateNode(raw: Raw, node: GraphNode, moved: Map<string, ReadonlyMap<number, number>>): Raw {
    const { from, to, renames } = this.#options;
    const definition = lookUp(to, node.type);
    if (!definition) return raw;
    const place = { nodeId: node.id, nodeType: node.type };
    const own = lookUp(renames, node.type);
    let current = raw;
    if (Array.isArray(node.widgets_values)) {
      const before = from && lookUp(from, node.type);
      const widgets = migrateWidgets(node.type, node.widgets_values, before, definition, own);
      if (widgets.changes.length > 0) current = { ...current, widgets_values: widgets.values };
      this.changes.push(...widgets.changes.map((change) => ({ ...place, ...change })));
      if (widgets.problem) this.unclear.push({ ...place, ...widgets.problem });
    }
    const outputs = moveOutputs(
      node,
      (raw["outputs"] ?? []) as readonly unknown[],
      definition,
      own,
    );
    if (outputs) {
      moved.set(node.id, outputs.places);
      current = { ...current, outputs: outputs.outputs };
      this.changes.push(...outputs.changes.map((change) => ({ ...place, ...change })));
      for (const name of outputs.gone) {
        const detail = `"${node.type}" no longer has the output "${name}". Connect what hung on it to something else.`;
        this.unclear.push({ ...place, kind: "output-gone", detail });
      }
    }
    return this.#renameInputs(current, node, own?.inputs);
  }

  #renameInputs(raw: Raw, node: GraphNode, renames: Readonly<Record<string, string>> = {}): Raw {
    const definition = lookUp(this.#options.to, node.type);
    const known = { ...definition?.input.required, ...definition?.input.optional };
    const taken = new Set(node.inputs?.map(({ name }) => name));
    const inputs = (raw["inputs"] ?? []) as readonly Raw[];
    const renamed = inputs.map((input, index) => {
      const name = node.inputs?.[index]?.name ?? "";
      const next = lookUp(renames, name);
      if (next === undefined || Object.hasOwn(known, name) || !Object.hasOwn(known, next))
        return input;
      if (taken.has(next)) return input;
      const detail = `The input "${name}" is now called "${next}".`;
      const place = { nodeId: node.id, nodeType: node.type };
      this.changes.push({ ...place, kind: "input-renamed", input: next, detail });
      return {
        ...input,
        name: next,
        ...(input["widget"] !== undefined && { widget: { name: next } }),
      };
    });
    return renamed.every((input, index) => input === inputs[index])
      ? raw
      : { ...raw, inputs: renamed };
  }
}

/** Both ways of writing a link: as a list, and as an object. */
function moveLinks(
  links: readonly unknown[],
  graph: Workflow | Subgraph,
  moved: ReadonlyMap<string, ReadonlyMap<number, number>>,
): readonly unknown[] {
  return links.map((raw, index) => {
    const link = graph.links?.[index];
    const slot = link && moved.get(link.origin)?.get(link.originSlot);
    if (slot === undefined) return raw;
    if (Array.isArray(raw)) return raw.map((part: unknown, place) => (place === 2 ? slot : part));
    return { ...(raw as object), origin_slot: slot };
  });
}
