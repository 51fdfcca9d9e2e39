/** Encodes a video to MP4 (H.264, no sound): real, playable, and bounded in size and time. */
import { createRequire } from "node:module";
import { asSharp } from "./image-nodes.ts";
import type { Video } from "./values.ts";

/** The longer side is scaled down to this. */
const LONGEST_SIDE = 512;
/** Frames that are encoded at most. A longer video keeps its duration and gets fewer frames a second. */
const MOST_FRAMES = 48;

/** What the simulator uses of the encoder; the package's own types need a browser's. */
interface Encoder {
  width: number;
  height: number;
  frameRate: number;
  quantizationParameter: number;
  speed: number;
  readonly outputFilename: string;
  readonly FS: { readFile(name: string): Uint8Array };
  initialize(): void;
  addFrameRgba(rgba: Uint8Array): void;
  finalize(): void;
  delete(): void;
}

const encoders = createRequire(import.meta.url)("h264-mp4-encoder") as {
  createH264MP4Encoder(): Promise<Encoder>;
};

export async function encodeMp4(video: Video): Promise<Buffer> {
  const { images, framesPerSecond } = video;
  const factor = Math.min(1, LONGEST_SIDE / Math.max(images.width, images.height));
  const width = even(images.width * factor);
  const height = even(images.height * factor);
  const count = Math.min(images.count, MOST_FRAMES);

  const encoder = await encoders.createH264MP4Encoder();
  try {
    encoder.width = width;
    encoder.height = height;
    encoder.frameRate = (framesPerSecond * count) / images.count;
    encoder.quantizationParameter = 33;
    encoder.speed = 10;
    encoder.initialize();
    for (let index = 0; index < count; index += 1) {
      const source = Math.floor((index * images.count) / count);
      const rgba = await asSharp(await images.frame(source), images.width, images.height)
        .resize(width, height, { fit: "fill" })
        .ensureAlpha()
        .raw()
        .toBuffer();
      encoder.addFrameRgba(rgba);
    }
    encoder.finalize();
    return Buffer.from(encoder.FS.readFile(encoder.outputFilename));
  } finally {
    encoder.delete();
  }
}

/** H.264 halves the colour's resolution: both sides must be even. */
const even = (length: number): number => Math.max(2, Math.round(length / 2) * 2);
