/**
 * Prompts made from node definitions alone: one around each node type, with the cheapest nodes that
 * give what it needs, and takers for all that it gives.
 */
import type { NodeDefinition, ObjectInfo, Prompt, SlotType } from "@comfymulti/workflows";
import { comboOptions } from "@comfymulti/workflows";
import { liveInputs } from "../../workflows/compat/dynamic-inputs.ts";
import type { LiveInput } from "../../workflows/compat/dynamic-inputs.ts";
import { slotTypesFit } from "../../workflows/compat/slot-types.ts";

export interface PromptShape {
  /** Whether optional inputs are filled in too. */
  readonly full: boolean;
  /** Whether outputs go to inputs of their own type, or to one that takes everything. */
  readonly typed: boolean;
}

interface Source {
  readonly node: string;
  readonly slot: number;
}

type Value = { readonly literal: unknown } | { readonly source: Source };

/** Takes everything, and is an output node. */
const SINK = "PreviewAny";
/** What is linked and never typed in. */
const LITERALS = new Set(["INT", "FLOAT", "STRING", "BOOLEAN"]);
/** Fewer node types than this lie between a model's file and anything that ComfyUI makes. */
const MOST_ROUNDS = 12;

export class PromptMaker {
  readonly #objectInfo: ObjectInfo;
  /** Nodes that a prompt needs to have this one, by type. Those that can't be had are not in it. */
  readonly #costs = new Map<string, number>();
  readonly #sources = new Map<string, Source | undefined>();

  constructor(objectInfo: ObjectInfo) {
    this.#objectInfo = objectInfo;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.#sources.clear();
      for (const [name, definition] of Object.entries(objectInfo)) {
        const cost = this.#costOf(definition);
        if (cost !== undefined) this.#costs.set(name, cost);
      }
    }
    this.#sources.clear();
  }

  /** Undefined for a node that needs what is not in the definitions, such as an upload. */
  around(classType: string, { full, typed }: PromptShape): Prompt | undefined {
    const definition = this.#objectInfo[classType];
    if (!definition || !this.#costs.has(classType)) return undefined;
    const prompt: Record<string, Prompt[string]> = {};
    const node = this.#add(prompt, classType, full);
    for (const [slot, type] of definition.output.entries()) {
      const taker = typed ? this.#takerOf(type) : undefined;
      if (!taker) {
        this.#put(prompt, SINK, { source: [node, slot] });
        continue;
      }
      const taking = this.#add(prompt, taker.node, false, { [taker.input]: [node, slot] });
      if (this.#objectInfo[taker.node]?.output_node !== true) {
        this.#put(prompt, SINK, { source: [taking, 0] });
      }
    }
    return prompt;
  }

  #put(
    prompt: Record<string, Prompt[string]>,
    classType: string,
    inputs: Prompt[string]["inputs"],
  ) {
    const id = String(Object.keys(prompt).length + 1);
    prompt[id] = { class_type: classType, inputs };
    return id;
  }

  #add(
    prompt: Record<string, Prompt[string]>,
    classType: string,
    full: boolean,
    given: Readonly<Record<string, unknown>> = {},
  ): string {
    const definition = this.#objectInfo[classType];
    if (!definition) throw new Error(`There is no ${classType}.`);
    const inputs: Record<string, unknown> = { ...given };
    const id = this.#put(prompt, classType, inputs);
    for (const input of chosenInputs(definition, inputs)) {
      if (Object.hasOwn(inputs, input.name) || (!input.required && !full)) continue;
      const value = this.#valueOf(input);
      if (!value) continue;
      inputs[input.name] =
        "literal" in value
          ? value.literal
          : [this.#add(prompt, value.source.node, false), value.source.slot];
    }
    return id;
  }

  #costOf(definition: NodeDefinition): number | undefined {
    let cost = 1;
    for (const input of chosenInputs(definition, {})) {
      if (!input.required) continue;
      const value = this.#valueOf(input);
      if (!value) return undefined;
      if ("source" in value) cost += this.#costs.get(value.source.node) ?? 0;
    }
    return cost;
  }

  #valueOf(input: LiveInput): Value | undefined {
    const literal = literalOf(input);
    if (literal !== undefined) return { literal };
    if (comboOptions(input.spec) || LITERALS.has(String(input.spec.type))) return undefined;
    const source = this.#sourceOf(input.spec.type);
    return source && { source };
  }

  #sourceOf(wanted: SlotType): Source | undefined {
    const key = JSON.stringify(wanted);
    if (this.#sources.has(key)) return this.#sources.get(key);
    let best: Source | undefined;
    let least = Infinity;
    for (const [node, cost] of this.#costs) {
      if (cost >= least) continue;
      const outputs = this.#objectInfo[node]?.output ?? [];
      const slot = outputs.findIndex((type) => slotTypesFit(type, wanted));
      if (slot < 0) continue;
      best = { node, slot };
      least = cost;
    }
    this.#sources.set(key, best);
    return best;
  }

  #takerOf(type: SlotType): { readonly node: string; readonly input: string } | undefined {
    let best: { node: string; input: string } | undefined;
    let least = Infinity;
    for (const [node, cost] of this.#costs) {
      const definition = this.#objectInfo[node];
      if (!definition || cost >= least) continue;
      if (definition.output.length === 0 && definition.output_node !== true) continue;
      const input = chosenInputs(definition, {}).find(({ spec }) => spec.type === type);
      if (!input || LITERALS.has(String(type))) continue;
      best = { node, input: input.name };
      least = cost;
    }
    return best;
  }
}

/** With the first choice made in each combo that has sub-inputs; `values` gets these choices. */
function chosenInputs(
  definition: NodeDefinition,
  values: Record<string, unknown>,
): readonly LiveInput[] {
  for (let known = -1; known !== Object.keys(values).length;) {
    known = Object.keys(values).length;
    const groups = [definition.input.required, definition.input.optional];
    for (const [name, raw] of groups.flatMap((specs) => Object.entries(specs ?? {}))) {
      const [type, options] = raw as [unknown, { options?: { key: unknown }[] } | undefined];
      if (type === "COMFY_DYNAMICCOMBO_V3") values[name] ??= options?.options?.[0]?.key;
    }
  }
  return liveInputs(definition, values);
}

/** What somebody would leave in the widget; undefined for a link, and for an empty list of files. */
function literalOf({ spec }: LiveInput): unknown {
  const offered = comboOptions(spec);
  const stated = spec.options["default"];
  if (offered) return offered.includes(stated) ? stated : offered[0];
  if (!LITERALS.has(String(spec.type))) return undefined;
  if (stated !== undefined && stated !== null) return stated;
  if (spec.type === "STRING") return "";
  return spec.type === "BOOLEAN" ? false : (spec.options["min"] ?? 0);
}
