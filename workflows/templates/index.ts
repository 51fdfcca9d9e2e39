/**
 * The workshop's own templates. A folder each: `api.json` (what `POST /prompt` takes),
 * `workflow.json` (what the editor opens), `template.json` (what people read, and what it needs),
 * and `thumbnail.webp`. The two graphs of a template are the same graph; a test compares them.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

/** A model file, as ComfyUI's folders name it. */
const modelSchema = z.strictObject({
  /** Folder under the models directory, `checkpoints`. */
  folder: z.string().min(1),
  name: z.string().min(1),
});

const templateFileSchema = z.strictObject({
  title: z.string().min(1),
  description: z.string().min(1),
  /** GPU memory in use while it runs, MiB; 0 when it uses no model. */
  vramMiB: z.strictObject({ min: z.int().nonnegative(), max: z.int().nonnegative() }),
  /** Rough time on an H100 with the models loaded. */
  estimatedSeconds: z.number().positive(),
  /** Files it loads; each must lie on the worker's disk. */
  models: z.array(modelSchema),
});

/** A graph in API format: node id → class_type and inputs. */
const promptSchema = z.record(
  z.string(),
  z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.unknown()) }),
);

/** A graph in the editor's format, version 0.4. Only what this project reads is spelled out. */
const workflowSchema = z.looseObject({
  version: z.literal(0.4),
  nodes: z.array(
    z.looseObject({
      id: z.int(),
      type: z.string(),
      inputs: z.array(z.looseObject({ name: z.string(), link: z.int().nullable() })),
      outputs: z.array(z.looseObject({ name: z.string(), type: z.string() })),
      widgets_values: z.array(z.unknown()),
    }),
  ),
  /** [id, origin node, origin slot, target node, target slot, type] */
  links: z.array(z.tuple([z.int(), z.int(), z.int(), z.int(), z.int(), z.string()])),
});

export type Model = z.infer<typeof modelSchema>;
export type TemplateFile = z.infer<typeof templateFileSchema>;
export type Prompt = z.infer<typeof promptSchema>;
export type Workflow = z.infer<typeof workflowSchema>;

export interface Template extends TemplateFile {
  /** Folder name, and the name under which the editor's template browser asks for it. */
  readonly id: string;
  readonly api: Prompt;
  readonly ui: Workflow;
}

/** In the order in which a participant meets them. */
const IDS = [
  "example_workflow",
  "flux2_klein_4b_text_to_image",
  "flux2_klein_9b_text_to_image",
  "ltx2_text_to_video_distilled",
  "ltx2_text_to_video",
];

/** All templates, easiest first. Read once a process. */
export const templates: readonly Template[] = IDS.map((id) => ({
  id,
  ...templateFileSchema.parse(readTemplateJson(id, "template.json")),
  api: promptSchema.parse(readTemplateJson(id, "api.json")),
  ui: workflowSchema.parse(readTemplateJson(id, "workflow.json")),
}));

function readTemplateJson(id: string, file: string): unknown {
  return JSON.parse(readFileSync(new URL(`${id}/${file}`, import.meta.url), "utf8"));
}

/**
 * The thumbnail of a template: a WebP picture of at most 20 KiB, what the editor asks for as
 * `/templates/<id>-1.webp`. Undefined when there is no such template.
 */
export function templateThumbnail(id: string): Buffer | undefined {
  if (!IDS.includes(id)) return undefined;
  return readFileSync(new URL(`${id}/thumbnail.webp`, import.meta.url));
}
