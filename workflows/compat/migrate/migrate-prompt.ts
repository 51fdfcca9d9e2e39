/** Heals a graph in API format for another version of ComfyUI, and says in words what it did. */
import { liveInputs } from "../dynamic-inputs.ts";
import type { ObjectInfo } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { migrateInputs } from "./migrate-inputs.ts";
import { findMovedLinks } from "./migrate-links.ts";
import type { MovedLink } from "./migrate-links.ts";
import type { MigrationChange, MigrationProblem, PromptMigration } from "./migration.ts";
import { isNode, isNodes } from "./node-shape.ts";
import { judge } from "./remaining.ts";
import { lookUp } from "./renames.ts";
import type { Renames } from "./renames.ts";

export interface MigrateOptions {
  /** The ComfyUI that the graph was made for. Without it links to moved outputs stay as they are. */
  readonly from?: ObjectInfo;
  readonly to: ObjectInfo;
  /** Default: nothing was renamed. */
  readonly renames?: Renames;
}

/**
 * Renames by the table, fills in stated defaults of missing required inputs, and moves links along
 * with outputs that moved. What `to` accepts is never changed; migrating twice is migrating once.
 * Values out of range and inputs that `to` does not know are reported and left alone: which value
 * would be right is for a person to say. Total: what is no prompt comes back as it is.
 */
export function migratePrompt(prompt: unknown, options: MigrateOptions): PromptMigration {
  const { from, to, renames } = options;
  const changes: MigrationChange[] = [];
  const unclear: MigrationProblem[] = [];
  let migrated = prompt;
  if (isNodes(prompt)) {
    const healed = healInputs(prompt, options, changes);
    migrated = healed.prompt;
    if (from) {
      const nodes = Object.entries(healed.prompt).filter(
        (entry): entry is [string, Prompt[string]] => isNode(entry[1]),
      );
      const links = findMovedLinks(Object.fromEntries(nodes), from, to, renames, healed.outdated);
      migrated = moveLinks(healed.prompt, links.moved, changes);
      unclear.push(...links.unclear.map((link) => unclearLink(link, healed.prompt)));
    }
  }
  const { verdict, problems } = judge(migrated, to);
  return { prompt: migrated as Prompt, changes, remaining: [...problems, ...unclear], verdict };
}

interface Healed {
  readonly prompt: Readonly<Record<string, unknown>>;
  /** Nodes that lacked an input which `from` does not have. */
  readonly outdated: ReadonlySet<string>;
}

function healInputs(
  prompt: Readonly<Record<string, unknown>>,
  { from, to, renames }: MigrateOptions,
  changes: MigrationChange[],
): Healed {
  const outdated = new Set<string>();
  const replaced = new Map<string, Prompt[string]>();
  for (const [nodeId, node] of Object.entries(prompt)) {
    const definition = isNode(node) ? lookUp(to, node.class_type) : undefined;
    if (!isNode(node) || !definition) continue;
    const nodeType = node.class_type;
    const before = from && lookUp(from, nodeType);
    const known = before && new Set(liveInputs(before, node.inputs).map(({ name }) => name));
    const inputs = migrateInputs(node.inputs, definition, lookUp(renames, nodeType), (change) => {
      changes.push({ nodeId, nodeType, ...change });
      const added = change.kind === "default-filled" && change.input !== undefined;
      if (added && known && !known.has(change.input)) outdated.add(nodeId);
    });
    if (inputs !== node.inputs) replaced.set(nodeId, { ...node, inputs });
  }
  return { prompt: replaced.size === 0 ? prompt : replaceNodes(prompt, replaced), outdated };
}

function moveLinks(
  prompt: Readonly<Record<string, unknown>>,
  moved: readonly MovedLink[],
  changes: MigrationChange[],
): Readonly<Record<string, unknown>> {
  const replaced = new Map<string, Prompt[string]>();
  for (const { target, input, source, output, from, to } of moved) {
    const node = replaced.get(target) ?? prompt[target];
    if (!isNode(node)) continue;
    replaced.set(target, { ...node, inputs: { ...node.inputs, [input]: [source, to] } });
    changes.push({
      nodeId: target,
      nodeType: node.class_type,
      kind: "link-moved",
      input,
      detail: `The output "${output}" of node ${source} has moved from place ${from} to ${to}: the link to "${input}" follows it.`,
    });
  }
  return moved.length === 0 ? prompt : replaceNodes(prompt, replaced);
}

/** Keeps the order, and names such as `__proto__` as plain keys. */
const replaceNodes = (
  prompt: Readonly<Record<string, unknown>>,
  replaced: ReadonlyMap<string, unknown>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(prompt).map(([id, node]) => [id, replaced.get(id) ?? node]));

function unclearLink(
  { target, input, source, output, from, to }: MovedLink,
  prompt: Readonly<Record<string, unknown>>,
): MigrationProblem {
  const node = prompt[target];
  return {
    nodeId: target,
    ...(isNode(node) && { nodeType: node.class_type }),
    kind: "output-moved",
    input,
    detail: `The link to "${input}" takes output ${from} of node ${source}, which fits both versions. If it was made for the older one, it meant "${output}", now output ${to}: check it.`,
  };
}
