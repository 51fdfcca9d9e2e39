/** A picture that nobody else has: noise, so that any other picture differs in nearly every pixel. */
import { createHash } from "node:crypto";
import sharp from "sharp";

const WIDTH = 256;
const HEIGHT = 192;
const CHANNELS = 3;

// Pictures are small and rare: threads and a cache would cost more than they bring.
sharp.concurrency(1);
sharp.cache(false);

export interface OwnPicture {
  readonly png: Buffer;
  readonly pixels: Buffer;
}

/** The same name gives the same pixels, another name others. */
export async function ownPicture(name: string): Promise<OwnPicture> {
  const pixels = createHash("shake256", { outputLength: WIDTH * HEIGHT * CHANNELS })
    .update(name)
    .digest();
  const raw = { width: WIDTH, height: HEIGHT, channels: CHANNELS } as const;
  // Noise does not compress.
  const png = await sharp(pixels, { raw }).png({ compressionLevel: 1 }).toBuffer();
  return { png, pixels };
}

/** Pixels of a downloaded picture; undefined when it is none. */
export async function pixelsOf(file: Buffer): Promise<Buffer | undefined> {
  return await sharp(file)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer()
    .catch(() => undefined);
}
