/**
 * What a graph will cost: GPU seconds (the queue's fairness is in these) and GPU memory.
 * Every sampler costs steps × evaluations a step × size × the model's factor; every other node
 * costs little, by size. Numbers are in `cost-model.ts`.
 */
import type { ObjectInfo } from "./compat/object-info.ts";
import { readInputSpec } from "./compat/object-info.ts";
import {
  DEFAULT_SIDE,
  DEFAULT_STEPS,
  DOUBLERS,
  FRAMES_PER_LATENT,
  LEAST_SECONDS,
  MODEL_FAMILIES,
  MODEL_INPUTS,
  MOST_SECONDS,
  SAMPLERS,
  SECONDS_OF_ANY_NODE,
  SECONDS_PER_MEGAPIXEL,
  SMALL_MODEL,
  UNKNOWN_MODEL,
  isModelFile,
} from "./cost-model.ts";
import type { ModelFamily } from "./cost-model.ts";

export interface CostEstimate {
  /** GPU seconds on an H100 with the models loaded, from 0.1 to 3600. */
  readonly seconds: number;
  /** GPU memory that it needs; 0 when the graph loads no model. */
  readonly vramMiB: number;
  /** Model files that it loads, each once, in order of name. */
  readonly models: readonly string[];
}

/**
 * Estimates a prompt (API format). Never fails: what is not a node is passed over. `objectInfo`
 * fills in defaults that the prompt leaves out.
 */
export function estimateCost(prompt: unknown, objectInfo: ObjectInfo = {}): CostEstimate {
  const graph = new Graph(prompt, objectInfo);
  const family = heaviestFamily(graph);
  let seconds = 0;
  for (const node of graph.nodes.values()) {
    const rate = Object.hasOwn(SECONDS_PER_MEGAPIXEL, node.classType)
      ? (SECONDS_PER_MEGAPIXEL[node.classType] ?? 0)
      : 0;
    seconds += SECONDS_OF_ANY_NODE;
    if (SAMPLERS.has(node.classType)) seconds += samplerSeconds(graph, node, family);
    else if (rate > 0) seconds += rate * pixels(graph.upstream(node)).total;
  }
  const finite = Number.isFinite(seconds) ? seconds : MOST_SECONDS;
  return {
    seconds: Math.min(Math.max(finite, LEAST_SECONDS), MOST_SECONDS),
    vramMiB: family?.vramMiB ?? 0,
    models: modelFiles(graph),
  };
}

interface GraphNode {
  readonly id: string;
  readonly classType: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The most nodes looked at from one node; a longer chain is taken as the part that was seen. */
const WIDEST_LOOK = 64;

class Graph {
  readonly nodes = new Map<string, GraphNode>();
  readonly #objectInfo: ObjectInfo;

  constructor(prompt: unknown, objectInfo: ObjectInfo) {
    this.#objectInfo = objectInfo;
    for (const [id, raw] of Object.entries(asRecord(prompt))) {
      const { class_type: classType, inputs } = asRecord(raw);
      if (typeof classType !== "string") continue;
      const given = asRecord(inputs);
      this.nodes.set(id, { id, classType, inputs: { ...this.#defaults(classType), ...given } });
    }
    for (const node of this.nodes.values()) {
      for (const [name, value] of Object.entries(node.inputs)) {
        const literal = this.#literal(value);
        if (literal !== undefined) (node.inputs as Record<string, unknown>)[name] = literal;
      }
    }
  }

  /** The node and what it depends on, nearest first. */
  upstream(from: GraphNode, through = Object.keys(from.inputs)): GraphNode[] {
    const seen = new Set<GraphNode>([from]);
    const first = through.map((name) => this.#source(from.inputs[name]));
    for (const node of first) if (node) seen.add(node);
    for (const node of seen) {
      if (seen.size > WIDEST_LOOK) break;
      if (node === from) continue;
      for (const value of Object.values(node.inputs)) {
        const source = this.#source(value);
        if (source) seen.add(source);
      }
    }
    return [...seen];
  }

  #source(value: unknown): GraphNode | undefined {
    return Array.isArray(value) && typeof value[0] === "string"
      ? this.nodes.get(value[0])
      : undefined;
  }

  /** The number behind a link to a node that only holds one (PrimitiveInt and its like). */
  #literal(value: unknown): number | undefined {
    const held = this.#source(value)?.inputs["value"];
    return typeof held === "number" ? held : undefined;
  }

  #defaults(classType: string): Record<string, unknown> {
    const required = Object.hasOwn(this.#objectInfo, classType)
      ? this.#objectInfo[classType]?.input.required
      : undefined;
    return Object.fromEntries(
      Object.entries(required ?? {}).flatMap(([name, spec]) => {
        const fallback = readInputSpec(spec)?.options["default"];
        return typeof fallback === "number" ? [[name, fallback]] : [];
      }),
    );
  }
}

/** The family of the largest model in the graph; undefined when it loads none. */
function heaviestFamily(graph: Graph): Omit<ModelFamily, "pattern"> | undefined {
  const nodes = [...graph.nodes.values()];
  const models = nodes.flatMap(({ inputs }) => MODEL_INPUTS.map((name) => inputs[name]));
  const families = models
    .filter((file) => typeof file === "string")
    .map((file) => MODEL_FAMILIES.find(({ pattern }) => pattern.test(file)) ?? UNKNOWN_MODEL);
  if (families.length > 0) return families.toSorted((a, b) => b.vramMiB - a.vramMiB)[0];
  return modelFiles(graph).length > 0 ? SMALL_MODEL : undefined;
}

function modelFiles(graph: Graph): string[] {
  const files = [...graph.nodes.values()].flatMap(({ inputs }) =>
    Object.values(inputs).filter(
      (value): value is string => typeof value === "string" && isModelFile(value),
    ),
  );
  return [...new Set(files)].sort();
}

function samplerSeconds(
  graph: Graph,
  sampler: GraphNode,
  family: Omit<ModelFamily, "pattern"> = UNKNOWN_MODEL,
): number {
  const latent = pixels(graph.upstream(sampler, ["latent_image"]).slice(1));
  const scheduled = graph.upstream(sampler, ["sigmas"]);
  const guided = graph.upstream(sampler, ["guider"]);
  const steps = first(scheduled, stepsOf) ?? DEFAULT_STEPS;
  const guidance = first(guided, ({ inputs }) => positive(inputs["cfg"])) ?? 1;
  // Guidance other than 1 evaluates the model twice a step: with the prompt, and without.
  const evaluations = guidance === 1 ? 1 : 2;
  return steps * evaluations * latent.megapixels * latent.latentFrames * family.secondsPerMegapixel;
}

function stepsOf({ inputs }: GraphNode): number | undefined {
  const { steps, sigmas } = inputs;
  if (typeof sigmas === "string") return Math.max(sigmas.split(",").length - 1, 1);
  return positive(steps);
}

interface Size {
  readonly megapixels: number;
  readonly latentFrames: number;
  /** Million pixels of all frames. */
  readonly total: number;
}

/** The size that a chain of nodes works on: the largest that one of them names. */
function pixels(chain: readonly GraphNode[]): Size {
  const sized = chain.filter(
    ({ inputs }) => positive(inputs["width"]) && positive(inputs["height"]),
  );
  const areas = sized.map(({ inputs }) => Number(inputs["width"]) * Number(inputs["height"]));
  const doublings = chain.filter(({ classType }) => DOUBLERS.has(classType)).length;
  const area = areas.length > 0 ? Math.max(...areas) : DEFAULT_SIDE ** 2;
  const frames = Math.max(1, ...sized.map(({ inputs }) => positive(inputs["length"]) ?? 1));
  const batch = Math.max(1, ...sized.map(({ inputs }) => positive(inputs["batch_size"]) ?? 1));
  const megapixels = (area / 1e6) * 4 ** doublings * batch;
  return {
    megapixels,
    latentFrames: Math.ceil((frames - 1) / FRAMES_PER_LATENT) + 1,
    total: megapixels * frames,
  };
}

function first<Value>(
  chain: readonly GraphNode[],
  read: (node: GraphNode) => Value | undefined,
): Value | undefined {
  for (const node of chain) {
    const value = read(node);
    if (value !== undefined) return value;
  }
  return undefined;
}

const positive = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
