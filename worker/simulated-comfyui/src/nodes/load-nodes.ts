/** Nodes that read an uploaded picture. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import type { Sharp } from "sharp";
import type { Folders } from "../folders.ts";
import { NodeFailure } from "./node.ts";
import type { NodeRuns } from "./node.ts";
import type { ImageBatch, Mask } from "./values.ts";

/** ComfyUI's notation of a file outside `input`: `name.png [output]`. */
const ANNOTATED = /^(.*) \[(input|output|temp)\]$/;

/** The file that LoadImage's value names; undefined when it leads out of ComfyUI's folders. */
export function annotatedPath(folders: Folders, value: string): string | undefined {
  const [, name = value, type = "input"] = ANNOTATED.exec(value) ?? [];
  return folders.confined(type as "input" | "output" | "temp", name);
}

/** What changes when the file does; empty for other nodes and for a file that is not there. */
export async function fileSignature(folders: Folders, value: unknown): Promise<string> {
  const file = typeof value === "string" ? annotatedPath(folders, value) : undefined;
  if (file === undefined) return "";
  return readFile(file).then(
    (bytes) => createHash("sha256").update(bytes).digest("hex"),
    () => "",
  );
}

async function read(folders: Folders, name: string): Promise<Sharp> {
  const file = annotatedPath(folders, name);
  const bytes = file === undefined ? undefined : await readFile(file).catch(() => undefined);
  if (!bytes) {
    throw new NodeFailure("FileNotFoundError", `[Errno 2] No such file or directory: '${name}'`);
  }
  const picture = sharp(bytes).autoOrient();
  await picture.metadata().catch(() => {
    throw new NodeFailure("PIL.UnidentifiedImageError", `cannot identify image file '${name}'`);
  });
  return picture;
}

/** ComfyUI's mask of a picture: where it is transparent; 64 x 64 of nothing without transparency. */
async function alphaMask(picture: Sharp): Promise<Mask> {
  const { hasAlpha } = await picture.metadata();
  if (!hasAlpha) return { kind: "mask", width: 64, height: 64, bytes: Buffer.alloc(64 * 64) };
  return channelMask(picture, "alpha", true);
}

async function channelMask(
  picture: Sharp,
  channel: "alpha" | "red" | "green" | "blue",
  inverted: boolean,
): Promise<Mask> {
  const single = picture.clone().ensureAlpha().extractChannel(channel);
  const { data, info } = await (inverted ? single.negate() : single)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { kind: "mask", width: info.width, height: info.height, bytes: data };
}

export const loadNodes: NodeRuns = {
  LoadImage: async (inputs, { folders }) => {
    const picture = await read(folders, inputs.text("image"));
    const { data, info } = await picture
      .clone()
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image: ImageBatch = {
      kind: "image",
      width: info.width,
      height: info.height,
      count: 1,
      frame: () => Promise.resolve(data),
    };
    return { outputs: [image, await alphaMask(picture)] };
  },

  LoadImageMask: async (inputs, { folders }) => {
    const picture = await read(folders, inputs.text("image"));
    const channel = inputs.text("channel") as "alpha" | "red" | "green" | "blue";
    return { outputs: [await channelMask(picture, channel, channel === "alpha")] };
  },
};
