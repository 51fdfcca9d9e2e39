/** Masks, and putting one picture onto another. Real work on raw bytes. */
import { NodeFailure, gives } from "./node.ts";
import type { NodeRuns } from "./node.ts";
import { frames, mapFrames, scale } from "./image-nodes.ts";
import type { ImageBatch, Mask } from "./values.ts";

/** The largest mask that the simulator holds: 8192 x 8192. */
const LARGEST_MASK = 64 * 1024 * 1024;

function mask(width: number, height: number, bytes: Buffer): Mask {
  return { kind: "mask", width, height, bytes };
}

function checkedSize(width: number, height: number): number {
  if (width * height > LARGEST_MASK) {
    throw new NodeFailure(
      "MemoryError",
      `simulated ComfyUI can't hold a mask of ${width} x ${height} pixels`,
    );
  }
  return width * height;
}

/** Grey pictures of a mask. */
const asImage = ({ width, height, bytes }: Mask): ImageBatch => ({
  kind: "image",
  width,
  height,
  count: 1,
  frame: () => {
    const rgb = Buffer.alloc(bytes.length * 3);
    bytes.forEach((value, index) => rgb.fill(value, index * 3, index * 3 + 3));
    return Promise.resolve(rgb);
  },
});

/** Fades a mask out towards its edges; where two edges meet, both fades count. */
function feather(
  { width, height, bytes }: Mask,
  edge: { left: number; top: number; right: number; bottom: number },
): Mask {
  const rate = (distance: number, length: number): number =>
    distance < length ? (distance + 1) / length : 1;
  const column = Array.from(
    { length: width },
    (_, x) =>
      rate(x, Math.min(width, edge.left)) * rate(width - 1 - x, Math.min(width, edge.right)),
  );
  const row = Array.from(
    { length: height },
    (_, y) =>
      rate(y, Math.min(height, edge.top)) * rate(height - 1 - y, Math.min(height, edge.bottom)),
  );
  const faded = Buffer.from(bytes);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const index = y * width + x;
      faded[index] = Math.round((bytes[index] ?? 0) * (column[x] ?? 1) * (row[y] ?? 1));
    }
  }
  return mask(width, height, faded);
}

interface Placement {
  readonly x: number;
  readonly y: number;
  /** How much of the source shows, a byte a pixel, in the source's size; absent: all of it. */
  readonly cover: Buffer | undefined;
}

/** Puts the source onto the destination; what lies outside is cut off. */
function composite(destination: ImageBatch, source: ImageBatch, place: Placement): ImageBatch {
  return {
    ...destination,
    frame: async (index) => {
      const result = Buffer.from(await destination.frame(index));
      const pixels = await source.frame(index % source.count);
      const width = Math.min(source.width, destination.width - place.x);
      const height = Math.min(source.height, destination.height - place.y);
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const from = y * source.width + x;
          const to = 3 * ((y + place.y) * destination.width + x + place.x);
          const share = place.cover ? (place.cover[from] ?? 0) / 255 : 1;
          for (let channel = 0; channel < 3; channel += 1) {
            const below = result[to + channel] ?? 0;
            const above = pixels[3 * from + channel] ?? 0;
            result[to + channel] = Math.round(above * share + below * (1 - share));
          }
        }
      }
      return result;
    },
  };
}

/** One channel of the first picture. */
async function channelOf(image: ImageBatch, channel: number): Promise<Buffer> {
  const rgb = await image.frame(0);
  const bytes = Buffer.alloc(image.width * image.height);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = rgb[3 * index + channel] ?? 0;
  }
  return bytes;
}

export const maskNodes: NodeRuns = {
  SolidMask: (inputs) => {
    const width = inputs.integer("width");
    const height = inputs.integer("height");
    const value = Math.round(255 * inputs.number("value"));
    return gives(mask(width, height, Buffer.alloc(checkedSize(width, height), value)));
  },

  InvertMask: (inputs) => {
    const { width, height, bytes } = inputs.mask("mask");
    return gives(mask(width, height, Buffer.from(bytes.map((value) => 255 - value))));
  },

  FeatherMask: (inputs) =>
    gives(
      feather(inputs.mask("mask"), {
        left: inputs.integer("left"),
        top: inputs.integer("top"),
        right: inputs.integer("right"),
        bottom: inputs.integer("bottom"),
      }),
    ),

  MaskToImage: (inputs) => gives(asImage(inputs.mask("mask"))),

  ImageToMask: async (inputs) => {
    const image = inputs.image("image");
    const channel = ["red", "green", "blue"].indexOf(inputs.text("channel"));
    // Pictures here have no alpha channel: ComfyUI's mask of one is empty.
    const bytes =
      channel < 0
        ? Buffer.alloc(checkedSize(image.width, image.height))
        : await channelOf(image, channel);
    return { outputs: [mask(image.width, image.height, bytes)] };
  },

  ImageCompositeMasked: async (inputs) => {
    const destination = inputs.image("destination");
    const given = inputs.image("source");
    const source = inputs.boolean("resize_source")
      ? scale(given, "bilinear", destination.width, destination.height, "disabled")
      : given;
    let cover: Buffer | undefined;
    if (inputs.values["mask"] !== undefined) {
      const image = frames(asImage(inputs.mask("mask")), [0]);
      const fitted = mapFrames(image, source.width, source.height, (frame) =>
        frame.resize(source.width, source.height, { kernel: "linear", fit: "fill" }),
      );
      cover = await channelOf(fitted, 0);
    }
    const place = { x: inputs.integer("x"), y: inputs.integer("y"), cover };
    return { outputs: [composite(destination, source, place)] };
  },
};
