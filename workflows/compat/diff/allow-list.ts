/** Changes that somebody has looked at and accepts for a while. */
import { z } from "zod";
import { changeKindSchema } from "./change.ts";
import type { Change } from "./change.ts";

export const allowedChangeSchema = z.strictObject({
  node: z.string().min(1),
  change: changeKindSchema,
  /** Without it: every change of this kind to the node. */
  input: z.string().optional(),
  /** For whoever reads the list later. */
  reason: z.string().min(10),
  /** `2026-09-30`: the last day (UTC) on which it counts. */
  expires: z.iso.date(),
});
export type AllowedChange = z.infer<typeof allowedChangeSchema>;

export const allowListSchema = z.array(allowedChangeSchema).max(1_000);

export interface Sorted {
  /** What counts. */
  readonly changes: readonly Change[];
  readonly allowed: readonly { readonly change: Change; readonly allowance: AllowedChange }[];
  /** Would allow a change above, and are out of date. */
  readonly expired: readonly AllowedChange[];
  /** Allow nothing that is there: mistyped, or no longer needed. */
  readonly unused: readonly AllowedChange[];
}

export function applyAllowList(
  changes: readonly Change[],
  allow: readonly AllowedChange[],
  now: Date,
): Sorted {
  const valid = allow.filter((allowance) => !hasExpired(allowance, now));
  const judged = changes.map((change) => ({
    change,
    allowance: valid.find((allowance) => covers(allowance, change)),
  }));
  const counting = judged.flatMap(({ change, allowance }) => (allowance ? [] : [change]));
  return {
    changes: counting,
    allowed: judged.flatMap(({ change, allowance }) => (allowance ? [{ change, allowance }] : [])),
    expired: allow.filter(
      (allowance) =>
        hasExpired(allowance, now) && counting.some((change) => covers(allowance, change)),
    ),
    unused: allow.filter((allowance) => !changes.some((change) => covers(allowance, change))),
  };
}

const covers = (allowance: AllowedChange, change: Change): boolean =>
  allowance.node === change.node &&
  allowance.change === change.change &&
  (allowance.input === undefined || allowance.input === change.input);

const hasExpired = ({ expires }: AllowedChange, now: Date): boolean =>
  now.toISOString().slice(0, 10) > expires;
