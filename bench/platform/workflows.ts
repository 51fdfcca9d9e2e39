/**
 * Graphs of a wanted size, as a participant's editor sends them: the graph in API format, and the
 * editor's own workflow in `extra_pnginfo`.
 *
 * A large one is a text-to-image group, copied as people copy groups: other ids, places, seeds and
 * prompts in each. 36 kB are 49 nodes and shrink by zstd to a sixth, 500 kB are 763 nodes and shrink
 * to an eighth; the workshop's largest template (18 kB) shrinks to a fifth. Random bytes would not
 * shrink at all, and a repeated letter to nothing.
 */
import { randomUUID } from "node:crypto";
import { randomFrom } from "../measurement/random.ts";

/** The one model file that the graphs load. */
export const CHECKPOINT = "sd_xl_base_1.0.safetensors";

export interface WorkflowPayload {
  readonly prompt: Record<string, { class_type: string; inputs: Record<string, unknown> }>;
  readonly extraData: Record<string, unknown>;
  readonly outputsToExecute: string[];
}

type Slot = readonly [name: string, type: string];
interface NodeType {
  readonly type: string;
  readonly title: string;
  /** Inputs that come over a link: name, type, node of the group, its output. */
  readonly links: readonly (readonly [name: string, type: string, from: number, output: number])[];
  readonly outputs: readonly Slot[];
  readonly widgets: (words: (count: number) => string, random: () => number) => readonly Widget[];
}
/** `control_after_generate` stands in the workflow only. */
type Widget = readonly [name: string, value: unknown];

const EDITOR_ONLY = "control_after_generate";

/** The group, each node after those it depends on. */
const group: readonly NodeType[] = [
  {
    type: "CheckpointLoaderSimple",
    title: "Load Checkpoint",
    links: [],
    outputs: [
      ["MODEL", "MODEL"],
      ["CLIP", "CLIP"],
      ["VAE", "VAE"],
    ],
    widgets: () => [["ckpt_name", CHECKPOINT]],
  },
  textEncode("CLIP Text Encode (Prompt)", 40),
  textEncode("Negative", 12),
  {
    type: "EmptyLatentImage",
    title: "Empty Latent Image",
    links: [],
    outputs: [["LATENT", "LATENT"]],
    widgets: (_words, random) => [
      ["width", 512 + 64 * Math.floor(random() * 12)],
      ["height", 512 + 64 * Math.floor(random() * 12)],
      ["batch_size", 1],
    ],
  },
  {
    type: "KSampler",
    title: "KSampler",
    links: [
      ["model", "MODEL", 0, 0],
      ["positive", "CONDITIONING", 1, 0],
      ["negative", "CONDITIONING", 2, 0],
      ["latent_image", "LATENT", 3, 0],
    ],
    outputs: [["LATENT", "LATENT"]],
    widgets: (_words, random) => [
      ["seed", Math.floor(random() * 2 ** 50)],
      [EDITOR_ONLY, "randomize"],
      ["steps", 15 + Math.floor(random() * 20)],
      ["cfg", Math.round((4 + random() * 6) * 10) / 10],
      ["sampler_name", "dpmpp_2m"],
      ["scheduler", "karras"],
      ["denoise", 1],
    ],
  },
  {
    type: "VAEDecode",
    title: "VAE Decode",
    links: [
      ["samples", "LATENT", 4, 0],
      ["vae", "VAE", 0, 2],
    ],
    outputs: [["IMAGE", "IMAGE"]],
    widgets: () => [],
  },
  {
    type: "SaveImage",
    title: "Save Image",
    links: [["images", "IMAGE", 5, 0]],
    outputs: [],
    widgets: (words) => [["filename_prefix", words(2).replaceAll(" ", "_")]],
  },
];

function textEncode(title: string, length: number): NodeType {
  return {
    type: "CLIPTextEncode",
    title,
    links: [["clip", "CLIP", 0, 1]],
    outputs: [["CONDITIONING", "CONDITIONING"]],
    widgets: (words) => [["text", words(length)]],
  };
}

const vocabulary =
  "a an the of in with under behind soft hard golden blue crimson pale silver ancient modern tiny vast quiet stormy misty glowing rusted velvet marble wooden glass river mountain harbour forest desert street market tower bridge garden kitchen library engine lantern umbrella violin falcon heron fox whale dragon astronaut baker sailor dancer child portrait landscape close-up wide shot rim light volumetric backlit overcast dusk dawn noon detailed painterly photograph watercolour etching grain bokeh symmetrical composition intricate texture reflection shadow smoke rain snow fire".split(
    " ",
  );

/**
 * A payload whose JSON text has about this many bytes (2 % more at most beyond 10 kB).
 *
 * @param variant Another one has other texts, numbers and ids of the same kind.
 */
export function payloadOfSize(bytes: number, variant = 0): WorkflowPayload {
  const random = randomFrom(bytes * 31 + variant);
  const words = (count: number) =>
    Array.from(
      { length: count },
      () => vocabulary[Math.floor(random() * vocabulary.length)] ?? "",
    ).join(" ");
  const builder = new Builder(random, words);
  // API clients send no workflow: the smallest payloads are the graph alone.
  const withWorkflow = bytes > 8_000;
  for (;;) {
    builder.addGroup();
    const payload = builder.payload(withWorkflow);
    const length = Buffer.byteLength(JSON.stringify(payload));
    const next = length / builder.groups;
    if (length + next > bytes) {
      // The rest is a note of the participant's.
      return builder.payload(withWorkflow, words(Math.floor(Math.max(0, bytes - length) / 7.5)));
    }
  }
}

class Builder {
  groups = 0;
  readonly #random: () => number;
  readonly #words: (count: number) => string;
  readonly #prompt: WorkflowPayload["prompt"] = {};
  readonly #nodes: Record<string, unknown>[] = [];
  readonly #links: unknown[] = [];
  readonly #outputs: string[] = [];
  readonly #workflowId = randomUUID();

  constructor(random: () => number, words: (count: number) => string) {
    this.#random = random;
    this.#words = words;
  }

  addGroup(): void {
    const first = this.#nodes.length + 1;
    const [left, top] = [60 + 2600 * (this.groups % 4), 80 + 900 * Math.floor(this.groups / 4)];
    for (const [place, type] of group.entries()) {
      const id = first + place;
      const widgets = type.widgets(this.#words, this.#random);
      const inputs = Object.fromEntries(widgets.filter(([name]) => name !== EDITOR_ONLY));
      const slots = type.links.map(([name, slotType, from, output], slot) => {
        inputs[name] = [String(first + from), output];
        const link = this.#links.length + 1;
        this.#links.push([link, first + from, output, id, slot, slotType]);
        const origin = this.#nodes[first + from - 1]?.["outputs"] as { links: number[] }[];
        origin[output]?.links.push(link);
        return { name, type: slotType, link };
      });
      const meta = { _meta: { title: type.title } };
      this.#prompt[String(id)] = { class_type: type.type, inputs, ...meta };
      if (type.outputs.length === 0) this.#outputs.push(String(id));
      this.#nodes.push({
        id,
        type: type.type,
        pos: [this.#jitter(left + 360 * place), this.#jitter(top)],
        size: [this.#jitter(315), this.#jitter(180)],
        flags: {},
        order: id - 1,
        mode: 0,
        inputs: slots,
        outputs: type.outputs.map(([name, slotType]) => ({ name, type: slotType, links: [] })),
        properties: { "Node name for S&R": type.type, cnr_id: "comfy-core", ver: "0.11.1" },
        widgets_values: widgets.map(([, value]) => value),
      });
    }
    this.groups++;
  }

  payload(withWorkflow: boolean, note = ""): WorkflowPayload {
    const shared = { prompt: this.#prompt, outputsToExecute: this.#outputs };
    if (!withWorkflow) return { ...shared, extraData: note === "" ? {} : { note } };
    const workflow = {
      id: this.#workflowId,
      revision: 0,
      last_node_id: this.#nodes.length,
      last_link_id: this.#links.length,
      nodes: this.#nodes,
      links: this.#links,
      groups: [],
      config: {},
      extra: { ds: { scale: 0.65, offset: [60, 110] }, note },
      version: 0.4,
    };
    return { ...shared, extraData: { extra_pnginfo: { workflow } } };
  }

  /** People place nodes by hand. */
  #jitter(value: number): number {
    return Math.round((value + this.#random() * 40) * 100) / 100;
  }
}
