/**
 * Links to outputs that lie elsewhere in the newer version. A link says only "output 2", so whether
 * a graph was written for the older or for the newer version shows in what does not fit any more.
 */
import type { LiveInput } from "../dynamic-inputs.ts";
import { liveInputs } from "../dynamic-inputs.ts";
import type { NodeDefinition, ObjectInfo, SlotType } from "../object-info.ts";
import { slotTypesFit } from "../slot-types.ts";
import type { Prompt } from "../../templates/index.ts";
import { movedTo, outputNames } from "./outputs.ts";
import { lookUp } from "./renames.ts";
import type { Renames } from "./renames.ts";

export interface MovedLink {
  /** The node whose input the link feeds. */
  readonly target: string;
  readonly input: string;
  readonly source: string;
  readonly output: string;
  readonly from: number;
  readonly to: number;
}

export interface MovedLinks {
  /** Surely written for the older version. */
  readonly moved: readonly MovedLink[];
  /** Fit both versions and mean different outputs in them: left alone. */
  readonly unclear: readonly MovedLink[];
}

interface Link extends MovedLink {
  /** Whether it fits the newer version as it is, would after the move, and did fit the older one. */
  readonly fits: boolean;
  readonly fitsMoved: boolean;
  readonly fitted: boolean;
}

/**
 * `filled`: the nodes that lacked an input which only the newer version has. They were written for
 * the older one, and so were all links from a node one of whose links fits only the older one.
 */
export function findMovedLinks(
  prompt: Prompt,
  from: ObjectInfo,
  to: ObjectInfo,
  renames: Renames | undefined,
  filled: ReadonlySet<string>,
): MovedLinks {
  const moved: MovedLink[] = [];
  const unclear: MovedLink[] = [];
  for (const [source, links] of linksBySource(prompt, from, to, renames)) {
    const old =
      filled.has(source) || links.some((link) => !link.fits && link.fitted && link.fitsMoved);
    for (const link of links) {
      if (!link.fitted || !link.fitsMoved) continue;
      if (old) moved.push(link);
      else if (link.fits) unclear.push(link);
    }
  }
  return { moved, unclear };
}

/** Only links whose output lies elsewhere now. */
function linksBySource(
  prompt: Prompt,
  from: ObjectInfo,
  to: ObjectInfo,
  renames: Renames | undefined,
): Map<string, Link[]> {
  const found = new Map<string, Link[]>();
  for (const [target, node] of Object.entries(prompt)) {
    const definition = lookUp(to, node.class_type);
    if (!definition || !Object.values(node.inputs).some(Array.isArray)) continue;
    const wanted = inputTypes(definition, node.inputs);
    const wantedBefore = inputTypes(lookUp(from, node.class_type) ?? definition, node.inputs);
    for (const [input, value] of Object.entries(node.inputs)) {
      const type = wanted.get(input);
      const link = readLink(value);
      if (!link || type === undefined) continue;
      const [source, slot] = link;
      const sourceType = lookUp(prompt, source)?.class_type;
      const before = sourceType === undefined ? undefined : lookUp(from, sourceType);
      const after = sourceType === undefined ? undefined : lookUp(to, sourceType);
      if (!before || !after || sourceType === undefined) continue;
      const place = movedTo(
        outputNames(before),
        slot,
        outputNames(after),
        lookUp(renames, sourceType),
      );
      if (place === undefined || place === slot) continue;
      const fits = (received: SlotType | undefined, accepted: SlotType): boolean =>
        received !== undefined && slotTypesFit(received, accepted);
      const links = found.get(source) ?? [];
      found.set(source, links);
      links.push({
        target,
        input,
        source,
        output: outputNames(after)[place] ?? "",
        from: slot,
        to: place,
        fits: fits(after.output[slot], type),
        fitsMoved: fits(after.output[place], type),
        fitted: fits(before.output[slot], wantedBefore.get(input) ?? type),
      });
    }
  }
  return found;
}

const inputTypes = (definition: NodeDefinition, values: Prompt[string]["inputs"]) =>
  new Map(liveInputs(definition, values).map(({ name, spec }: LiveInput) => [name, spec.type]));

function readLink(value: unknown): [string, number] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [source, slot] = value as unknown[];
  return typeof source === "string" && Number.isInteger(slot) && Number(slot) >= 0
    ? [source, Number(slot)]
    : undefined;
}
