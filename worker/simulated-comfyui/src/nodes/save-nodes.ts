/** Output nodes: pictures, videos and texts that the editor shows. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import type { NodeResult } from "../execution/cache.ts";
import type { FolderType, SavedFile } from "../folders.ts";
import { numberedName } from "../folders.ts";
import { asSharp } from "./image-nodes.ts";
import { encodeMp4 } from "./mp4.ts";
import { NodeFailure } from "./node.ts";
import type { NodeContext, NodeRuns } from "./node.ts";
import { withTextChunks } from "./png-text.ts";
import type { ImageBatch } from "./values.ts";
import { isImageBatch } from "./values.ts";

/** Frames of an animated picture that are written at most; the rest is left out. */
const LONGEST_ANIMATION = 120;

/** `%width%`, `%height%` and the date's parts in a file name prefix. */
function expand(prefix: string, image: ImageBatch): string {
  if (!prefix.includes("%")) return prefix;
  const now = new Date();
  const two = (number: number): string => String(number).padStart(2, "0");
  return prefix
    .replaceAll("%width%", String(image.width))
    .replaceAll("%height%", String(image.height))
    .replaceAll("%year%", String(now.getFullYear()))
    .replaceAll("%month%", two(now.getMonth() + 1))
    .replaceAll("%day%", two(now.getDate()))
    .replaceAll("%hour%", two(now.getHours()))
    .replaceAll("%minute%", two(now.getMinutes()))
    .replaceAll("%second%", two(now.getSeconds()));
}

async function savePictures(
  image: ImageBatch,
  prefix: string,
  type: FolderType,
  context: NodeContext,
  compressionLevel: number,
): Promise<NodeResult> {
  if (image.width < 1 || image.height < 1) {
    throw new NodeFailure("ValueError", "cannot write empty image");
  }
  const next = await context.folders.nextFile(type, expand(prefix, image));
  const images: SavedFile[] = [];
  for (let index = 0; index < image.count; index += 1) {
    const bytes = await image.frame(index);
    const png = await asSharp(bytes, image.width, image.height)
      .png({ compressionLevel })
      .toBuffer();
    const name = next.name.replaceAll("%batch_num%", String(index));
    const filename = numberedName(name, next.counter + index, "png");
    const texts = { prompt: context.graph, ...context.extraPngInfo, simulated: true };
    await writeFile(path.join(next.directory, filename), withTextChunks(png, texts));
    images.push({ filename, subfolder: next.subfolder, type });
  }
  return { outputs: [], ui: { images } };
}

async function saveAnimation(
  image: ImageBatch,
  context: NodeContext,
  settings: { prefix: string; framesPerSecond: number; lossless: boolean; quality: number },
): Promise<NodeResult> {
  const { directory, subfolder, name, counter } = await context.folders.nextFile(
    "output",
    expand(settings.prefix, image),
  );
  const count = Math.min(image.count, LONGEST_ANIMATION);
  const pages: Buffer[] = [];
  for (let index = 0; index < count; index += 1) pages.push(await image.frame(index));
  const raw = { width: image.width, height: image.height * count, channels: 3 } as const;
  const filename = numberedName(name, counter, "webp");
  await sharp(Buffer.concat(pages), { raw: { ...raw, pageHeight: image.height } })
    .webp({
      lossless: settings.lossless,
      quality: Math.max(1, settings.quality),
      delay: Array.from({ length: count }, () => Math.round(1000 / settings.framesPerSecond)),
    })
    .toFile(path.join(directory, filename));
  const file: SavedFile = { filename, subfolder, type: "output" };
  return { outputs: [], ui: { images: [file], animated: [image.count !== 1] } };
}

export const saveNodes: NodeRuns = {
  SaveImage: (inputs, context) =>
    savePictures(inputs.image("images"), inputs.text("filename_prefix"), "output", context, 4),

  PreviewImage: (inputs, context) => {
    const suffix = randomBytes(3).toString("hex").slice(0, 5);
    return savePictures(inputs.image("images"), `ComfyUI_temp_${suffix}`, "temp", context, 1);
  },

  SaveAnimatedWEBP: (inputs, context) =>
    saveAnimation(inputs.image("images"), context, {
      prefix: inputs.text("filename_prefix"),
      framesPerSecond: inputs.number("fps"),
      lossless: inputs.boolean("lossless"),
      quality: inputs.integer("quality"),
    }),

  SaveVideo: async (inputs, { folders }) => {
    const video = inputs.video("video");
    const prefix = expand(inputs.text("filename_prefix"), video.images);
    const { directory, subfolder, name, counter } = await folders.nextFile("output", prefix);
    const filename = numberedName(name, counter, "mp4");
    await writeFile(path.join(directory, filename), await encodeMp4(video));
    const file: SavedFile = { filename, subfolder, type: "output" };
    return { outputs: [], ui: { images: [file], animated: [true] } };
  },

  PreviewAny: (inputs) => {
    const source = inputs.values["source"];
    const text =
      typeof source === "string"
        ? source
        : isImageBatch(source)
          ? `${source.count} picture(s) of ${source.width} x ${source.height}`
          : JSON.stringify(source ?? null);
    return Promise.resolve({ outputs: [text], ui: { text: [text] } });
  },
};
