/**
 * Links to outputs that lie elsewhere in the newer version. A link says only "output 2", so whether
 * a graph was written for the older or for the newer version shows in what does not fit any more.
 */
import type { LiveInput } from "../dynamic-inputs.ts";
import { liveInputs } from "../dynamic-inputs.ts";
import type { NodeDefinition, ObjectInfo, SlotType } from "../object-info.ts";
import { slotTypesFit } from "../slot-types.ts";
import type { Prompt } from "../../templates/index.ts";
import { isGone, movedTo, outputNames } from "./outputs.ts";
import { lookUp } from "./renames.ts";
import type { Renames } from "./renames.ts";

export interface LinkEnds {
  /** The node whose input the link feeds. */
  readonly target: string;
  readonly input: string;
  readonly source: string;
  /** The output's name: in the newer version, or for one that is gone in the older one. */
  readonly output: string;
  readonly from: number;
}

export interface MovedLink extends LinkEnds {
  readonly to: number;
}

export interface MovedLinks {
  /** Surely written for the older version. */
  readonly moved: readonly MovedLink[];
  /** Fit both versions and mean different outputs in them: left alone. */
  readonly unclear: readonly MovedLink[];
  /** Fit both versions, and the output that the older one has there is gone. */
  readonly gone: readonly LinkEnds[];
}

interface Link extends LinkEnds {
  /** Undefined when the output is gone. */
  readonly to: number | undefined;
  /** Whether it fits the newer version as it is, would after the move, and did fit the older one. */
  readonly fits: boolean;
  readonly fitsMoved: boolean;
  readonly fitted: boolean;
}

/** What shows a graph's age. Nodes that ComfyUI does not look at may be of any. */
export interface Age {
  /** The nodes that lacked an input which only the newer version has. */
  readonly lacking: ReadonlySet<string>;
  readonly reached: ReadonlySet<string>;
}

/**
 * Nodes that lacked an input were written for the older version, and so were all links from a node
 * one of whose links fits only the older one.
 */
export function findMovedLinks(
  prompt: Prompt,
  from: ObjectInfo,
  to: ObjectInfo,
  renames: Renames | undefined,
  { lacking, reached }: Age,
): MovedLinks {
  const moved: MovedLink[] = [];
  const unclear: MovedLink[] = [];
  const gone: LinkEnds[] = [];
  for (const [source, links] of linksBySource(prompt, from, to, renames)) {
    const old =
      lacking.has(source) ||
      links.some((link) => !link.fits && link.fitted && link.fitsMoved && reached.has(link.target));
    for (const { to: place, ...link } of links) {
      if (place === undefined) {
        // Where it does not fit, ComfyUI refuses it in its own words.
        if (link.fitted && link.fits) gone.push(link);
        continue;
      }
      if (!link.fitted || !link.fitsMoved) continue;
      if (old) moved.push({ ...link, to: place });
      else if (link.fits) unclear.push({ ...link, to: place });
    }
  }
  return { moved, unclear, gone };
}

/** Only links whose output lies elsewhere now, or is gone. */
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
      const [older, newer] = [outputNames(before), outputNames(after)];
      const place = movedTo(older, slot, newer, lookUp(renames, sourceType));
      if (place === undefined ? !isGone(before, slot, after) : place === slot) continue;
      const fits = (received: SlotType | undefined, accepted: SlotType): boolean =>
        received !== undefined && slotTypesFit(received, accepted);
      const links = found.get(source) ?? [];
      found.set(source, links);
      links.push({
        target,
        input,
        source,
        output: (place === undefined ? older[slot] : newer[place]) ?? "",
        from: slot,
        to: place,
        fits: fits(after.output[slot], type),
        fitsMoved: place !== undefined && fits(after.output[place], type),
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
