/** What a teardown will do, told before it does it. */
import type { Account } from "./accounts/survey.ts";
import type { DeclaredResource } from "./engine-stack.ts";
import { keptUrns } from "./protection.ts";

export interface Plan {
  readonly stack: string;
  /** Participants whose files are bundled; undefined when the stack is not up. */
  readonly users: readonly string[] | undefined;
  /** Where bundles go; undefined when there will be none. */
  readonly bundles: string | undefined;
  readonly keepWaitingSeconds: number;
  readonly resources: readonly DeclaredResource[];
  /** Names of what stays rented, as the host gave them. */
  readonly keep: readonly string[];
  readonly accounts: readonly Pick<Account, "name" | "owns" | "unavailable">[];
  readonly notes: readonly string[];
}

export function planText(plan: Plan): string {
  const { stack, users, bundles, keepWaitingSeconds, resources, keep, accounts, notes } = plan;
  const staying = new Set(keptUrns(resources, keep));
  const kept = resources.filter(({ urn }) => staying.has(urn));
  const doomed = resources.filter(({ urn }) => !staying.has(urn));
  // An account where the stack has nothing, and that can't be asked, is of no interest.
  const asked = accounts.filter(
    ({ unavailable, owns }) =>
      unavailable === undefined || resources.some(({ type }) => owns(type)),
  );
  const blind = asked.filter(({ unavailable }) => unavailable !== undefined);
  return [
    `Teardown of stack ${stack}`,
    ...(users === undefined
      ? ["  it is not up: nobody is told, and nothing is bundled"]
      : [
          `  1. ${users.length} participants are told in their editors, and no more jobs are taken`,
          `  2. accepted jobs get ${keepWaitingSeconds} s to end; then they are cancelled`,
          bundles === undefined
            ? "  3. NO bundles are made: pictures and workflows that only lie there are lost"
            : `  3. everybody's pictures and workflows go to ${bundles}, and are read back`,
        ]),
    `  4. ${doomed.length} things are destroyed${doomed.length === 0 ? "" : `:${byType(doomed)}`}`,
    `  5. ${kept.length} things are kept${kept.length === 0 ? "" : `:${byType(kept)}`}`,
    `  6. accounts are asked what is left: ${asked.map(({ name }) => name).join(", ")}`,
    ...blind.map((account) => `     ${account.name} can't be: ${account.unavailable ?? ""}`),
    ...notes.map((note) => `  ! ${note}`),
  ].join("\n");
}

/** A line a type. */
function byType(resources: readonly DeclaredResource[]): string {
  const groups = Map.groupBy(resources, ({ type }) => type.split(":").at(-1) ?? type);
  return [...groups]
    .map(([type, things]) => {
      const names = things.map(({ fullName, name }) => fullName ?? name);
      return `\n     ${type}: ${names.join(", ")}`;
    })
    .join("");
}
