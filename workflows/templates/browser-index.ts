/**
 * What the official frontend's template browser reads at `/templates/index.json`: categories of
 * templates. Shape: the JSON schema in comfyui-workflow-templates 0.8.27, and what the bundle of
 * frontend 1.37.11 does with it (it hides a template that requires custom nodes, and asks for
 * `/templates/<name>.json` and `/templates/<name>-1.<mediaSubtype>` of module `default`).
 */
import { templates } from "./index.ts";
import type { Template } from "./index.ts";

export interface BrowserTemplate {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Type and file ending of the thumbnail, not of the result. */
  readonly mediaType: "image";
  readonly mediaSubtype: "webp";
  readonly tags: readonly string[];
  readonly models: readonly string[];
  /** False would mark it as one that calls a paid service. */
  readonly openSource: true;
  /** Bytes. */
  readonly vram: number;
}

export interface BrowserCategory {
  readonly moduleName: "default";
  readonly title: string;
  readonly type: "image" | "video";
  /** An icon class of the frontend's bundle. */
  readonly icon: string;
  /** Set on the category that stands first, under "Getting started". */
  readonly isEssential?: true;
  readonly templates: readonly BrowserTemplate[];
}

const MIB = 2 ** 20;

/** The JSON for `/templates/index.json`. */
export function templatesIndex(): readonly BrowserCategory[] {
  const makesVideo = (template: Template): boolean =>
    Object.values(template.api).some((node) => node.class_type === "SaveVideo");
  const needsModel = (template: Template): boolean => template.models.length > 0;
  return [
    {
      moduleName: "default",
      title: "Getting Started",
      type: "image",
      icon: "icon-[lucide--graduation-cap]",
      isEssential: true,
      templates: templates.filter((template) => !needsModel(template)).map(browserTemplate),
    },
    {
      moduleName: "default",
      title: "Image",
      type: "image",
      icon: "icon-[lucide--image]",
      templates: templates
        .filter((template) => needsModel(template) && !makesVideo(template))
        .map(browserTemplate),
    },
    {
      moduleName: "default",
      title: "Video",
      type: "video",
      icon: "icon-[lucide--film]",
      templates: templates.filter(makesVideo).map(browserTemplate),
    },
  ];
}

const browserTemplate = (template: Template): BrowserTemplate => ({
  name: template.id,
  title: template.title,
  description: template.description,
  mediaType: "image",
  mediaSubtype: "webp",
  tags: ["Workshop"],
  models: modelFamilies(template),
  openSource: true,
  vram: template.vramMiB.max * MIB,
});

/** What the browser's model filter lists: the names people know, not file names. */
function modelFamilies({ models }: Template): string[] {
  const names = models.map(({ name }) => name);
  const families = [
    { family: "LTX-2", prefix: "ltx-2" },
    { family: "FLUX.2 klein", prefix: "flux-2-klein" },
  ];
  return families
    .filter(({ prefix }) => names.some((name) => name.startsWith(prefix)))
    .map(({ family }) => family);
}
