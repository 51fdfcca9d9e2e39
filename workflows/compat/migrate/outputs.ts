/** Finds an output again by its name in another version of the same node. */
import { isDeepStrictEqual } from "node:util";
import type { NodeDefinition } from "../object-info.ts";
import { lookUp } from "./renames.ts";
import type { NodeRenames } from "./renames.ts";

/** Names of the outputs; where a definition has none, their types. */
export function outputNames(definition: NodeDefinition): readonly string[] {
  const names: unknown = definition["output_name"];
  return definition.output.map((type, slot) => {
    const name: unknown = Array.isArray(names) ? names[slot] : undefined;
    if (typeof name === "string" && name) return name;
    return typeof type === "string" ? type : "COMBO";
  });
}

/**
 * Where the output at `slot` of `from` lies in `to`; undefined when it is gone, or when equal names
 * do not tell.
 */
export function movedTo(
  from: readonly string[],
  slot: number,
  to: readonly string[],
  renames?: NodeRenames,
): number | undefined {
  const old = from[slot];
  if (old === undefined) return undefined;
  const name = to.includes(old) ? old : (lookUp(renames?.outputs, old) ?? old);
  const before = placesOf(old, from);
  const after = placesOf(name, to);
  return before.length === after.length ? after[before.indexOf(slot)] : undefined;
}

/**
 * Whether the output, of which `movedTo` knows no place, is gone. It is not where something of the
 * same type and a new name lies in its place: that is taken to be the same under another name.
 */
export function isGone(before: NodeDefinition, slot: number, after: NodeDefinition): boolean {
  const [older, newer] = [outputNames(before), outputNames(after)];
  const [name, now] = [older[slot], newer[slot]];
  if (name === undefined || name === now) return false;
  const isNew = now !== undefined && !older.includes(now) && !newer.includes(name);
  return !(isNew && isDeepStrictEqual(before.output[slot], after.output[slot]));
}

const placesOf = (name: string, names: readonly string[]): number[] =>
  names.flatMap((other, slot) => (other === name ? [slot] : []));
