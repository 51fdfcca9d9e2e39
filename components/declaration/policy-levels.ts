/** How hard a rule of `policies/` is on a stack, and the setting that changes it. */
import { z } from "zod";

/** `mandatory` stops a preview and an update; `advisory` is told; `disabled` is not looked at. */
export const policyLevelSchema = z.enum(["advisory", "mandatory", "disabled"]);
export type PolicyLevel = z.infer<typeof policyLevelSchema>;

/** Rule → level: the stack's own levels, instead of the table's. */
export const policyLevelsSchema = z.record(z.string(), policyLevelSchema);
export type PolicyLevels = z.infer<typeof policyLevelsSchema>;
