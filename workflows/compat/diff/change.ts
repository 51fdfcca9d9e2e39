/** One difference between two versions' node definitions, and how much it hurts. */
import { z } from "zod";

/**
 * From bad to good. `breaking`: graphs are refused, or links lead to something else. `migratable`:
 * the same, and `migratePrompt` can heal it. `behavioural`: graphs run and may do something else.
 */
export const changeClassSchema = z.enum(["breaking", "migratable", "behavioural", "harmless"]);
export type ChangeClass = z.infer<typeof changeClassSchema>;

export const changeKindSchema = z.enum([
  "node-removed",
  "node-added",
  /** Its place in the menu, deprecated, experimental, … */
  "node-settings-changed",
  "output-node-changed",
  "input-added-required",
  "input-added-optional",
  "input-removed",
  /** By the table of renames. */
  "input-renamed",
  "input-became-required",
  "input-became-optional",
  "input-type-changed",
  /** Of the values in `widgets_values`, or of the sockets. */
  "input-order-changed",
  /** A value that the editor kept in a widget has to come over a link now. */
  "input-lost-widget",
  "input-gained-widget",
  /** `step`, `multiline`, `dynamicPrompts`, …: how the editor treats the input. */
  "input-settings-changed",
  /** Of an input that grows (`COMFY_AUTOGROW_V3`). */
  "slots-removed",
  "slots-added",
  "option-removed",
  "option-added",
  /** By the table of renames. */
  "option-renamed",
  "default-changed",
  "range-narrowed",
  "range-widened",
  "output-removed",
  "output-added",
  "output-moved",
  "output-renamed",
  "output-retyped",
  /** Whether the output gives a list, for which the nodes behind it run once per item. */
  "output-list-changed",
]);
export type ChangeKind = z.infer<typeof changeKindSchema>;

export const changeSchema = z.object({
  /** `class_type`. */
  node: z.string(),
  change: changeKindSchema,
  class: changeClassSchema,
  /** As a prompt names it: `outer.inner` for an inner input. */
  input: z.string().optional(),
  /** Slot, counted from 0, in the older version; in the newer one for `output-added`. */
  output: z.int().nonnegative().optional(),
  /** One sentence that names old and new. */
  detail: z.string(),
});
export type Change = z.infer<typeof changeSchema>;

/** The class that hurts most; undefined for none. */
export const worstOf = (classes: readonly ChangeClass[]): ChangeClass | undefined =>
  changeClassSchema.options.find((candidate) => classes.includes(candidate));

/** Worst first, then by node, input and output. */
export function compareChanges(a: Change, b: Change): number {
  const severity = ({ class: kind }: Change): number => changeClassSchema.options.indexOf(kind);
  return (
    severity(a) - severity(b) ||
    compareText(a.node, b.node) ||
    compareText(a.input ?? "", b.input ?? "") ||
    (a.output ?? -1) - (b.output ?? -1) ||
    compareText(a.change, b.change) ||
    compareText(a.detail, b.detail)
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
