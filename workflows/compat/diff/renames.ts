/**
 * What got another name from one ComfyUI to the next. Node definitions do not say so: a rename looks
 * like something that went and something that came. An entry turns that into a migratable change.
 */
import { z } from "zod";

const names = z.record(z.string(), z.string());

/** The renames of one node type, old name → new name. */
export const nodeRenamesSchema = z.strictObject({
  /** Where it is written that these are the same thing: a release note, a commit. */
  source: z.string().min(5),
  inputs: names.optional(),
  outputs: names.optional(),
  /** By input (its newer name, `outer.inner` for an inner one): old option → new option. */
  options: z.record(z.string(), names).optional(),
});
export type NodeRenames = z.infer<typeof nodeRenamesSchema>;

/** By node type. An entry counts only where the old name is gone and the new one is there. */
export const renameTableSchema = z.record(z.string(), nodeRenamesSchema);
export type RenameTable = z.infer<typeof renameTableSchema>;

/**
 * The project's own table. Empty: between the captured versions nothing got another name. An entry
 * looks like this:
 *
 *     KSampler: {
 *       source: "ComfyUI 1.2.3 release notes",
 *       options: { sampler_name: { uni_pc: "unipc" } },
 *     }
 */
export const renames: RenameTable = renameTableSchema.parse({});
