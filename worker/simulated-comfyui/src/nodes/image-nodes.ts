/** Nodes that compute pictures without a model. They do the real work, with sharp. */
import sharp from "sharp";
import type { Sharp } from "sharp";
import { NodeFailure, gives } from "./node.ts";
import type { NodeRuns } from "./node.ts";
import type { ImageBatch, Mask } from "./values.ts";

const CHANNELS = 3;
/** Bytes of one frame that the simulator is willing to hold: 16384 × 5461 pixels. */
const LARGEST_FRAME = 256 * 1024 * 1024;

/** ComfyUI's upscale methods, and the nearest that sharp offers. */
const KERNELS = {
  "nearest-exact": "nearest",
  bilinear: "linear",
  area: "mitchell",
  bicubic: "cubic",
  lanczos: "lanczos3",
} as const;

const isMethod = (method: string): method is keyof typeof KERNELS => method in KERNELS;

/** A frame's raw bytes as a sharp picture. */
export const asSharp = (bytes: Buffer, width: number, height: number): Sharp =>
  sharp(bytes, { raw: { width, height, channels: CHANNELS } });

/** A batch of the same count whose frames are computed from the source's frames. */
export function mapFrames(
  source: ImageBatch,
  width: number,
  height: number,
  change: (frame: Sharp) => Sharp,
): ImageBatch {
  if (width < 1 || height < 1) {
    throw new NodeFailure(
      "RuntimeError",
      `Input and output sizes should be greater than 0, but got output (H: ${height}, W: ${width})`,
    );
  }
  checkSize(width, height);
  return {
    kind: "image",
    width,
    height,
    count: source.count,
    frame: async (index) =>
      change(asSharp(await source.frame(index), source.width, source.height))
        .removeAlpha()
        .toColourspace("srgb")
        .raw()
        .toBuffer(),
  };
}

function checkSize(width: number, height: number): void {
  if (width * height * CHANNELS > LARGEST_FRAME) {
    throw new NodeFailure(
      "MemoryError",
      `simulated ComfyUI can't hold a picture of ${width} x ${height} pixels`,
    );
  }
}

/** Resizes a batch; `center` crops to the new shape first. */
export function scale(
  image: ImageBatch,
  method: string,
  width: number,
  height: number,
  crop: string,
): ImageBatch {
  const kernel = isMethod(method) ? KERNELS[method] : "linear";
  const fit = crop === "center" ? "cover" : "fill";
  return mapFrames(image, width, height, (frame) => frame.resize(width, height, { kernel, fit }));
}

/** EmptyImage's pictures: one colour (0xRRGGBB). */
export function plainImage(
  width: number,
  height: number,
  count: number,
  colour: number,
): ImageBatch {
  checkSize(width, height);
  const background = { r: (colour >> 16) & 255, g: (colour >> 8) & 255, b: colour & 255 };
  const create = { width, height, channels: CHANNELS, background } as const;
  return { kind: "image", width, height, count, frame: () => sharp({ create }).raw().toBuffer() };
}

/** Picks frames of a batch. */
export const frames = (image: ImageBatch, indexes: readonly number[]): ImageBatch => ({
  ...image,
  count: indexes.length,
  frame: (index) => image.frame(indexes[index] ?? 0),
});

const range = (from: number, count: number): number[] =>
  Array.from({ length: Math.max(0, count) }, (_, index) => from + index);

export const imageNodes: NodeRuns = {
  EmptyImage: (inputs) =>
    gives(
      plainImage(
        inputs.integer("width"),
        inputs.integer("height"),
        inputs.integer("batch_size"),
        inputs.integer("color"),
      ),
    ),

  // A zero means: keep the proportions.
  ImageScale: (inputs) => {
    const image = inputs.image("image");
    const asked = { width: inputs.integer("width"), height: inputs.integer("height") };
    if (asked.width === 0 && asked.height === 0) return gives(image);
    const width =
      asked.width || Math.max(1, Math.round((image.width * asked.height) / image.height));
    const height =
      asked.height || Math.max(1, Math.round((image.height * asked.width) / image.width));
    return gives(scale(image, inputs.text("upscale_method"), width, height, inputs.text("crop")));
  },

  ImageScaleBy: (inputs) => {
    const image = inputs.image("image");
    const factor = inputs.number("scale_by");
    const width = Math.round(image.width * factor);
    const height = Math.round(image.height * factor);
    return gives(scale(image, inputs.text("upscale_method"), width, height, "disabled"));
  },

  // A megapixel is 1024 x 1024 here, and each side becomes a multiple of resolution_steps.
  ImageScaleToTotalPixels: (inputs) => {
    const image = inputs.image("image");
    const steps = inputs.integer("resolution_steps");
    const total = inputs.number("megapixels") * 1024 * 1024;
    const factor = Math.sqrt(total / (image.width * image.height));
    const width = Math.round((image.width * factor) / steps) * steps;
    const height = Math.round((image.height * factor) / steps) * steps;
    return gives(scale(image, inputs.text("upscale_method"), width, height, "disabled"));
  },

  ImageInvert: (inputs) => {
    const image = inputs.image("image");
    return gives(
      mapFrames(image, image.width, image.height, (frame) => frame.negate({ alpha: false })),
    );
  },

  // The second batch takes the first one's size.
  ImageBatch: (inputs) => {
    const first = inputs.image("image1");
    const other = inputs.image("image2");
    const same = other.width === first.width && other.height === first.height;
    const second = same ? other : scale(other, "bilinear", first.width, first.height, "center");
    return gives({
      ...first,
      count: first.count + second.count,
      frame: (index: number) =>
        index < first.count ? first.frame(index) : second.frame(index - first.count),
    } satisfies ImageBatch);
  },

  ImageFromBatch: (inputs) => {
    const image = inputs.image("image");
    const from = Math.min(image.count - 1, inputs.integer("batch_index"));
    return gives(
      frames(image, range(from, Math.min(image.count - from, inputs.integer("length")))),
    );
  },

  RepeatImageBatch: (inputs) => {
    const image = inputs.image("image");
    const indexes = range(0, image.count * inputs.integer("amount"));
    return gives(
      frames(
        image,
        indexes.map((index) => index % image.count),
      ),
    );
  },

  ImageCrop: (inputs) => {
    const image = inputs.image("image");
    const left = Math.min(inputs.integer("x"), image.width - 1);
    const top = Math.min(inputs.integer("y"), image.height - 1);
    const width = Math.min(inputs.integer("width"), image.width - left);
    const height = Math.min(inputs.integer("height"), image.height - top);
    return gives(
      mapFrames(image, width, height, (frame) => frame.extract({ left, top, width, height })),
    );
  },

  // The border is grey, as in ComfyUI. The mask has a hard edge: feathering is left out.
  ImagePadForOutpaint: async (inputs) => {
    const image = inputs.image("image");
    const border = {
      left: inputs.integer("left"),
      top: inputs.integer("top"),
      right: inputs.integer("right"),
      bottom: inputs.integer("bottom"),
    };
    const width = image.width + border.left + border.right;
    const height = image.height + border.top + border.bottom;
    const background = { r: 128, g: 128, b: 128 };
    const padded = mapFrames(image, width, height, (frame) =>
      frame.extend({ ...border, background }),
    );
    const kept = plainImage(image.width, image.height, 1, 0);
    const edge = await asSharp(await kept.frame(0), image.width, image.height)
      .extend({ ...border, background: { r: 255, g: 255, b: 255 } })
      .extractChannel(0)
      .raw()
      .toBuffer();
    return { outputs: [padded, { kind: "mask", width, height, bytes: edge } satisfies Mask] };
  },

  ImageBlur: (inputs) => {
    const image = inputs.image("image");
    const sigma = Math.max(0.3, inputs.number("sigma"));
    return gives(mapFrames(image, image.width, image.height, (frame) => frame.blur(sigma)));
  },

  // The palette is sharp's; of the ways to dither, all but "none" become its one.
  ImageQuantize: (inputs) => {
    const image = inputs.image("image");
    const colours = Math.max(2, inputs.integer("colors"));
    const dither = inputs.text("dither") === "none" ? 0 : 1;
    return gives({
      ...image,
      frame: async (index: number) => {
        const frame = asSharp(await image.frame(index), image.width, image.height);
        const png = await frame.png({ palette: true, colours, dither, effort: 3 }).toBuffer();
        return sharp(png).removeAlpha().toColourspace("srgb").raw().toBuffer();
      },
    } satisfies ImageBatch);
  },

  GetImageSize: (inputs) => {
    const image = inputs.image("image");
    return gives(image.width, image.height, image.count);
  },

  // Compresses a picture so that it looks like a video's frame; the simulator passes it on.
  LTXVPreprocess: (inputs) => gives(inputs.image("image")),
};
