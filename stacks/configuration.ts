/** From a stack's configuration, which is text, to values of a schema or to every fault at once. */
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";

/** Of this project's settings. */
export const NAMESPACE = "comfymulti";

/** Other namespaces that may stand in a stack's file: the engine's own and the providers'. */
const FOREIGN_NAMESPACES = ["pulumi", "cloudflare", "command", "docker", "tailscale", "verda"];

/** Faults in a stack's settings, all of them at once. */
export class SettingsError extends Error {
  readonly faults: readonly string[];

  constructor(stack: string, faults: readonly string[]) {
    super(
      `Pulumi.${stack}.yaml has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n` +
        faults.map((fault) => `  - ${fault}`).join("\n"),
    );
    this.name = "SettingsError";
    this.faults = faults;
  }
}

/**
 * @param stack The stack's name, which is its kind where it names none.
 * @param config Full keys (`comfymulti:users`) and their text.
 * @param together Faults that only show when the settings are taken together.
 * @throws SettingsError with every fault and its property path
 */
export function parseConfiguration<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  stack: string,
  config: Readonly<Record<string, string>>,
  together: (settings: z.output<z.ZodObject<Shape>>) => readonly string[] = () => [],
): z.output<z.ZodObject<Shape>> {
  const own: Record<string, string> = {};
  const faults: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const [namespace = "", name = ""] = key.split(":");
    if (namespace === NAMESPACE) own[name] = value;
    else if (!FOREIGN_NAMESPACES.includes(namespace)) {
      faults.push(`${key}: unknown namespace; settings of this project start with ${NAMESPACE}:`);
    }
  }
  const result = schema.safeParse({ kind: stack, ...own });
  const known = Object.keys(schema.shape);
  if (!result.success) {
    faults.push(...result.error.issues.flatMap((issue) => describe(issue, known)));
  }
  if (result.success) faults.push(...together(result.data));
  if (!result.success || faults.length > 0) throw new SettingsError(stack, faults);
  return result.data;
}

function describe(issue: z.core.$ZodIssue, known: readonly string[]): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${NAMESPACE}:${key}: unknown setting${suggestion(key, known)}`);
  }
  return [`${NAMESPACE}:${issue.path.map(String).join(".")}: ${issue.message}`];
}

/** More letters than this apart is another word, not a typo. */
const LARGEST_TYPO = 3;

/** "; did you mean …?" when a known setting is a typo away. */
function suggestion(key: string, known: readonly string[]): string {
  const nearest = closest(key, known);
  return distance(key, nearest) <= LARGEST_TYPO ? `; did you mean ${NAMESPACE}:${nearest}?` : "";
}
