/** What of a stack the accounts are to show still, and nothing else. */
import type { Known } from "./accounts/survey.ts";
import type { EngineStack } from "./engine-stack.ts";
import type { JournalState } from "./journal.ts";

export function known(
  { project, name: stack }: Pick<EngineStack, "project" | "name">,
  { declared = [], kept: urns = [] }: JournalState,
): Known {
  const kept = declared.filter(({ urn }) => urns.includes(urn));
  return {
    ...{ project, stack },
    kept: new Set(kept.flatMap(({ id, fullName, diskIds }) => [id, fullName ?? id, ...diskIds])),
  };
}
