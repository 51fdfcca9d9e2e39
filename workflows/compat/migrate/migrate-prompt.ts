/** Heals a graph in API format for another version of ComfyUI, and says in words what it did. */
import { liveInputs } from "../dynamic-inputs.ts";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { fillInputs, renameInNode } from "./migrate-inputs.ts";
import type { Report } from "./migrate-inputs.ts";
import { findMovedLinks } from "./migrate-links.ts";
import type { LinkEnds, MovedLink } from "./migrate-links.ts";
import type { MigrationChange, MigrationProblem, PromptMigration } from "./migration.ts";
import { isNode, isNodes } from "./node-shape.ts";
import { reachedNodes } from "./reached-nodes.ts";
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
    const renamed = eachNode(
      prompt,
      to,
      changes,
      (inputs, definition, report, { class_type: type }) =>
        renameInNode(inputs, definition, lookUp(renames, type), report),
    );
    const reached = reachedNodes(readableNodes(renamed), to);
    migrated = eachNode(
      renamed,
      to,
      changes,
      (inputs, definition, report, { class_type: type }, id) =>
        reached.has(id) ? fillInputs(inputs, definition, lookUp(renames, type), report) : inputs,
    );
    if (from) {
      const nodes = readableNodes(migrated as typeof prompt);
      const lacking = lackedNewInput(nodes, changes, from);
      const links = findMovedLinks(nodes, from, to, renames, { lacking, reached });
      migrated = moveLinks(migrated as typeof prompt, links.moved, changes);
      unclear.push(
        ...links.unclear.map((link) => unclearLink(link, nodes)),
        ...links.gone.map((link) => goneLink(link, nodes)),
        ...idleNodes(nodes, from, reached),
      );
    }
  }
  const { verdict, problems } = judge(migrated, to);
  return { prompt: migrated as Prompt, changes, remaining: [...problems, ...unclear], verdict };
}

type Inputs = Prompt[string]["inputs"];

/** The same object when no node changes. */
function eachNode(
  prompt: Readonly<Record<string, unknown>>,
  to: ObjectInfo,
  changes: MigrationChange[],
  heal: (
    inputs: Inputs,
    definition: NodeDefinition,
    report: Report,
    node: Prompt[string],
    nodeId: string,
  ) => Inputs,
): Readonly<Record<string, unknown>> {
  const replaced = new Map<string, Prompt[string]>();
  for (const [nodeId, node] of Object.entries(prompt)) {
    const definition = isNode(node) ? lookUp(to, node.class_type) : undefined;
    if (!isNode(node) || !definition) continue;
    const report: Report = (change) => {
      changes.push({ nodeId, nodeType: node.class_type, ...change });
    };
    const inputs = heal(node.inputs, definition, report, node, nodeId);
    if (inputs !== node.inputs) replaced.set(nodeId, { ...node, inputs });
  }
  return replaced.size === 0 ? prompt : replaceNodes(prompt, replaced);
}

const readableNodes = (prompt: Readonly<Record<string, unknown>>): Prompt =>
  Object.fromEntries(
    Object.entries(prompt).filter((entry): entry is [string, Prompt[string]] => isNode(entry[1])),
  );

/** Nodes that got the default of an input which the older version does not have. */
function lackedNewInput(
  prompt: Prompt,
  changes: readonly MigrationChange[],
  from: ObjectInfo,
): ReadonlySet<string> {
  const lacking = changes.filter(({ nodeId, nodeType, kind, input }) => {
    const before = kind === "default-filled" ? lookUp(from, nodeType) : undefined;
    const inputs = lookUp(prompt, nodeId)?.inputs ?? {};
    return before && !liveInputs(before, inputs).some(({ name }) => name === input);
  });
  return new Set(lacking.map(({ nodeId }) => nodeId));
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
  prompt: Prompt,
): MigrationProblem {
  return {
    ...about(target, prompt),
    kind: "output-moved",
    input,
    detail: `The link to "${input}" takes output ${from} of node ${source}, which fits both versions. If it was made for the older one, it meant "${output}", now output ${to}: check it.`,
  };
}

function goneLink(
  { target, input, source, output, from }: LinkEnds,
  prompt: Prompt,
): MigrationProblem {
  return {
    ...about(target, prompt),
    kind: "output-gone",
    input,
    detail: `The link to "${input}" takes output ${from} of node ${source}, which fits both versions. If it was made for the older one, it meant "${output}", which is gone: connect "${input}" to something else.`,
  };
}

/** Were output nodes, are none any more, and nothing that runs takes what they give. */
function idleNodes(
  prompt: Prompt,
  from: ObjectInfo,
  reached: ReadonlySet<string>,
): MigrationProblem[] {
  return Object.entries(prompt)
    .filter(
      ([id, { class_type: type }]) => !reached.has(id) && lookUp(from, type)?.output_node === true,
    )
    .map(([id, { class_type: type }]) => ({
      ...about(id, prompt),
      kind: "output-node-gone",
      detail: `"${type}" is no output node any more and nothing takes its outputs: ComfyUI leaves it out without a word. Connect it to an output node, or take it out.`,
    }));
}

function about(nodeId: string, prompt: Prompt): Pick<MigrationProblem, "nodeId" | "nodeType"> {
  const nodeType = lookUp(prompt, nodeId)?.class_type;
  return { nodeId, ...(nodeType !== undefined && { nodeType }) };
}
