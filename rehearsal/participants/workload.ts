/**
 * What the participants run: a template's graph, and beside it a picture of the participant's own
 * that goes through ComfyUI unchanged, LoadImage to SaveImage. The template makes the load; the own
 * picture proves by its pixels that each gets what is theirs, whatever renders.
 */
import { objectInfoSchema, templates, workflowToPrompt, type Prompt } from "@comfymulti/workflows";
import { z } from "zod";
import { ParticipantsError } from "./options.ts";

/** What the editor writes into a workflow; its value means nothing to the platform. */
const FRONTEND_VERSION = "1.37.11";

/** Numbers that change the picture: each job gets its own, so that no result comes from a cache. */
const VARIED = { seed: 2 ** 48, noise_seed: 2 ** 48, color: 2 ** 24 } as const;
const isVaried = (name: string): name is keyof typeof VARIED => Object.hasOwn(VARIED, name);

export interface JobParts {
  /** Name of the uploaded picture. */
  readonly upload: string;
  /** Begins the names of what is saved. */
  readonly prefix: string;
  /** From 0 to below 1, for each node and input. */
  readonly chance: (node: string, input: string) => number;
}

export interface Graph {
  readonly prompt: Prompt;
  /** The same in the editor's own form, for `extra_pnginfo`. */
  readonly workflow: object;
}

export class Workload {
  /** Node whose one picture is the uploaded one. */
  readonly ownPictureNode: string;
  readonly #prompt: Prompt;
  readonly #workflow: object;
  readonly #loadNode: string;

  /**
   * Turns the template into a prompt as the editor does, by the node definitions of this platform.
   *
   * @param objectInfo What `GET object_info` answers
   * @throws ParticipantsError when the platform does not know a node of it
   */
  constructor(templateId: string, objectInfo: unknown) {
    const template = templates.find(({ id }) => id === templateId);
    if (!template) throw new Error("settings name a template that there is");
    const { workflow, loadNode, saveNode } = withOwnPicture(template.ui);
    const { prompt, problems } = workflowToPrompt(workflow, objectInfoSchema.parse(objectInfo));
    const [problem] = problems;
    if (problem) {
      throw new ParticipantsError(
        `The template ${templateId} can't run on this platform: ${problem.message}`,
      );
    }
    this.ownPictureNode = saveNode;
    this.#loadNode = loadNode;
    this.#prompt = prompt;
    this.#workflow = workflow;
  }

  graph({ upload, prefix, chance }: JobParts): Graph {
    const prompt = structuredClone(this.#prompt);
    for (const [id, { inputs }] of Object.entries(prompt)) {
      for (const [name, value] of Object.entries(inputs)) {
        if (typeof value === "number" && isVaried(name)) {
          inputs[name] = Math.floor(chance(id, name) * VARIED[name]);
        }
        if (name === "filename_prefix") inputs[name] = prefix;
      }
    }
    const own = prompt[this.ownPictureNode];
    const load = prompt[this.#loadNode];
    if (!own || !load) throw new Error("the conversion kept the two nodes");
    own.inputs["filename_prefix"] = `${prefix}-own`;
    load.inputs["image"] = upload;
    return { prompt, workflow: this.#workflow };
  }
}

const editorGraphSchema = z.looseObject({
  last_node_id: z.int(),
  last_link_id: z.int(),
  nodes: z.array(z.unknown()),
  links: z.array(z.unknown()),
  extra: z.looseObject({}).optional(),
});

/** The template with two more nodes, joined by one link. */
function withOwnPicture(ui: object) {
  const graph = editorGraphSchema.parse(ui);
  const load = graph.last_node_id + 1;
  const save = load + 1;
  const link = graph.last_link_id + 1;
  const node = { flags: {}, mode: 0, properties: {} };
  const workflow = {
    ...graph,
    last_node_id: save,
    last_link_id: link,
    nodes: [
      ...graph.nodes,
      {
        ...node,
        id: load,
        type: "LoadImage",
        pos: [60, -500],
        size: [300, 320],
        order: graph.nodes.length,
        inputs: [],
        outputs: [
          { name: "IMAGE", type: "IMAGE", links: [link] },
          { name: "MASK", type: "MASK", links: null },
        ],
        widgets_values: ["own.png", "image"],
      },
      {
        ...node,
        id: save,
        type: "SaveImage",
        pos: [530, -500],
        size: [300, 320],
        order: graph.nodes.length + 1,
        inputs: [{ name: "images", type: "IMAGE", link }],
        outputs: [],
        widgets_values: ["own"],
      },
    ],
    links: [...graph.links, [link, load, 0, save, 0, "IMAGE"]],
    extra: { ...graph.extra, frontendVersion: FRONTEND_VERSION },
  };
  return { workflow, loadNode: String(load), saveNode: String(save) };
}
