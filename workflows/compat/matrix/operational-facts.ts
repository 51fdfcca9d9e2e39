/**
 * What is known of versions that no node definition shows. One small table with sources; an entry
 * can only make a verdict stricter.
 */
import { z } from "zod";
import facts from "./operational-facts.json" with { type: "json" };

const version = z.string().regex(/^\d+\.\d+\.\d+$/);
const why = { reason: z.string().min(10), source: z.string().min(5) };

export const operationalFactSchema = z.discriminatedUnion("kind", [
  /** Another version is the better choice: pairs with this one are discouraged. */
  z.strictObject({ kind: z.literal("prefer"), version, instead: version, ...why }),
  /**
   * Graphs of templates that fit `before` are not known to run on `after`, and the other way round,
   * until a job of each has.
   */
  z.strictObject({
    kind: z.literal("smoke"),
    before: version,
    after: version,
    templates: z.array(z.string()).min(1),
    ...why,
  }),
]);
export type OperationalFact = z.infer<typeof operationalFactSchema>;

export const operationalFacts: readonly OperationalFact[] = z
  .array(operationalFactSchema)
  .parse(facts);

/** Numbers, not text: 0.10.0 comes after 0.9.2. */
export const compareVersions = (a: string, b: string): number =>
  a.localeCompare(b, "en", { numeric: true });

/** Whether the change lies between the two versions. */
export function liesBetween(
  { before, after }: { readonly before: string; readonly after: string },
  one: string,
  other: string,
): boolean {
  const [older = one, newer = other] = [one, other].sort(compareVersions);
  return compareVersions(older, before) <= 0 && compareVersions(newer, after) >= 0;
}
