/** How hard each rule is on each kind of stack. One table; a stack may change it for itself. */
import {
  policyLevelsSchema,
  type PolicyLevel,
  type PolicyLevels,
} from "../components/declaration/policy-levels.ts";
import { stackKinds, type StackKind } from "../components/declaration/declaration.ts";

type Row = readonly [local: PolicyLevel, staging: PolicyLevel, workshop: PolicyLevel];

/** What would harm people or data at home as well. */
const ALWAYS: Row = ["mandatory", "mandatory", "mandatory"];
const TOLD_AT_HOME: Row = ["advisory", "mandatory", "mandatory"];
/** What a short-lived stack may lack. */
const FOR_THE_DAY: Row = ["advisory", "advisory", "mandatory"];

const TABLE: Readonly<Record<string, Row>> = {
  "backup-before-upgrade": FOR_THE_DAY,
  "buckets-private": ALWAYS,
  "budget-not-exceeded": TOLD_AT_HOME,
  "canary-before-fleet": FOR_THE_DAY,
  "containers-non-root-and-limited": TOLD_AT_HOME,
  "frontend-worker-pair-not-blocked": TOLD_AT_HOME,
  "gpu-port-not-public": ALWAYS,
  "healthcheck-required": TOLD_AT_HOME,
  "image-pinned": TOLD_AT_HOME,
  "model-vault-eu": TOLD_AT_HOME,
  "monitoring-present": FOR_THE_DAY,
  "platform-declared": TOLD_AT_HOME,
  "prompt-bypass-closed": TOLD_AT_HOME,
  "protected-data-volumes": FOR_THE_DAY,
  "queue-depth-limited": ALWAYS,
  "redis-durable": ALWAYS,
  "redis-not-public": ALWAYS,
  "rollback-image-retained": FOR_THE_DAY,
  "secrets-encrypted": ALWAYS,
  "shared-filesystem-mounted": TOLD_AT_HOME,
  // Spot is what staging is for; a workshop is told, because the price may be worth it.
  "spot-only-in-staging": ["advisory", "disabled", "advisory"],
  "templates-validated-for-pair": TOLD_AT_HOME,
  "timeouts-for-video": ALWAYS,
  "tls-on-public-edge": TOLD_AT_HOME,
  "vram-fits-templates": TOLD_AT_HOME,
  "worker-not-ahead-of-validated-frontend": TOLD_AT_HOME,
  "worker-version-captured": TOLD_AT_HOME,
  "workshop-has-end": TOLD_AT_HOME,
};

/** Level of every rule on a kind of stack. */
export function levelsOf(kind: StackKind): PolicyLevels {
  const column = stackKinds.indexOf(kind);
  return Object.fromEntries(
    // Never undefined: the row and the kinds have the same length.
    Object.entries(TABLE).map(([rule, row]) => [rule, row[column] ?? "mandatory"]),
  );
}

/** A fault in a stack's `policyLevels`. */
export class LevelsError extends Error {
  override readonly name = "LevelsError";
}

/**
 * Levels on one stack: of its kind, changed by its own setting `policyLevels`.
 *
 * @param stack Its name, which is its kind where the setting `kind` is left out. A stack of no known
 *   kind gets the strictest levels.
 * @param config Full keys (`comfymulti:kind`) and their text.
 * @throws LevelsError with one sentence
 */
export function stackLevels(stack: string, config: Readonly<Record<string, string>>): PolicyLevels {
  const name = config["comfymulti:kind"] ?? stack;
  const levels = levelsOf(stackKinds.find((kind) => kind === name) ?? "workshop");
  const own = readOwnLevels(config["comfymulti:policyLevels"] ?? "{}");
  const unknown = Object.keys(own).find((rule) => !Object.hasOwn(levels, rule));
  if (unknown !== undefined) {
    throw new LevelsError(
      `comfymulti:policyLevels: there is no rule ${unknown}: docs/policies.md lists them`,
    );
  }
  return { ...levels, ...own };
}

function readOwnLevels(text: string): PolicyLevels {
  try {
    return policyLevelsSchema.parse(JSON.parse(text));
  } catch {
    throw new LevelsError(
      'comfymulti:policyLevels must be an object of rules and levels (advisory, mandatory, disabled), {"image-pinned": "advisory"}',
    );
  }
}
