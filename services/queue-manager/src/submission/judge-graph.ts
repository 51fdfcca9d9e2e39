/**
 * A graph as the workers' ComfyUI judges it; where that refuses, as it judges the healed graph. A
 * workflow that was saved before its nodes gained an input runs, instead of failing in front of
 * everybody, and its owner is told what was filled in.
 */
import {
  migratePrompt,
  renames,
  validatePrompt,
  type ObjectInfo,
  type PromptVerdict,
  type ValidateOptions,
} from "@comfymulti/workflows";
import { REFUSAL } from "../limits.ts";

export interface JudgedGraph {
  /** What to run: the healed graph where healing helped, else the very one that came in. */
  readonly prompt: Readonly<Record<string, unknown>>;
  readonly verdict: PromptVerdict;
  /** What was changed, a sentence each. Empty when the graph is as it came. */
  readonly migration: readonly string[];
}

/** @param migrate whether to heal at all (`MIGRATE_PROMPTS`) */
export function judgeGraph(
  prompt: Readonly<Record<string, unknown>>,
  objectInfo: ObjectInfo,
  { migrate, ...options }: ValidateOptions & { readonly migrate: boolean },
): JudgedGraph {
  const verdict = validatePrompt(prompt, objectInfo, options);
  const asItCame = { prompt, verdict, migration: [] };
  if (!migrate || complaints(verdict) === 0) return asItCame;

  const healed = migratePrompt(prompt, { to: objectInfo, renames });
  if (healed.changes.length === 0) return asItCame;
  const again = validatePrompt(healed.prompt, objectInfo, options);
  // Half healed is not healed: the refusal then speaks of the graph that its owner knows.
  if (!again.ok || complaints(again) >= complaints(verdict)) return asItCame;
  return {
    prompt: healed.prompt,
    verdict: again,
    migration: healed.changes
      .slice(0, REFUSAL.nodes)
      .map(({ nodeId, nodeType, detail }) => `Node ${nodeId} (${nodeType}): ${detail}`),
  };
}

/** Also an accepted graph has complaints when one of its outputs can't run. */
const complaints = ({ ok, nodeErrors }: PromptVerdict): number =>
  (ok ? 0 : 1) + Object.values(nodeErrors).reduce((sum, { errors }) => sum + errors.length, 0);
