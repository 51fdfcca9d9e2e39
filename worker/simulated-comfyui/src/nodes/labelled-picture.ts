/**
 * The picture that stands for a model's: it says that it is simulated and what it was asked for.
 * The same inputs give the same pixels.
 */
import { createHash } from "node:crypto";
import sharp from "sharp";

export interface Label {
  readonly width: number;
  readonly height: number;
  readonly node: string;
  readonly seed: number;
  readonly text: string;
  /** `frame 3 of 121`; empty for a single picture. */
  readonly frame: string;
  /** How far along the video it is, 0 to 1. A bar shows it. */
  readonly position: number;
}

/** Raw RGB of `width * height`. */
export async function labelledPicture(label: Label): Promise<Buffer> {
  return sharp(Buffer.from(svg(label)))
    .resize(label.width, label.height, { fit: "fill" })
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

/** A small JPEG for the preview of a sampling step: the picture comes out of a blur. */
export async function previewJpeg(label: Label, done: number): Promise<Buffer> {
  const factor = Math.min(1, 256 / Math.max(label.width, label.height));
  const width = Math.max(1, Math.round(label.width * factor));
  const height = Math.max(1, Math.round(label.height * factor));
  const picture = sharp(Buffer.from(svg(label))).resize(width, height, { fit: "fill" });
  return (done < 1 ? picture.blur(0.5 + 8 * (1 - done)) : picture).jpeg({ quality: 80 }).toBuffer();
}

function svg({ width, height, node, seed, text, frame, position }: Label): string {
  const [hue = 0, turn = 0] = createHash("sha256").update(`${seed} ${text}`).digest();
  const size = Math.max(6, Math.round(Math.min(width, height) / 20));
  const perLine = Math.max(8, Math.floor((width - 2 * size) / (size * 0.66)));
  const lines = ["SIMULATED", `node ${node}, seed ${seed}`, frame, ...wrap(text, perLine, 4)];
  const rows = lines
    .filter((line) => line !== "")
    .map((line, row) => `<text x="${size}" y="${size * (2 + row * 1.4)}">${escapeXml(line)}</text>`)
    .join("");
  const start = Math.round((hue / 255) * 360);
  const bar = Math.round(width * position);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<defs><linearGradient id="g" gradientTransform="rotate(${turn % 90})">` +
    `<stop offset="0" stop-color="hsl(${start},60%,30%)"/>` +
    `<stop offset="1" stop-color="hsl(${(start + 70) % 360},60%,55%)"/></linearGradient></defs>` +
    `<rect width="${width}" height="${height}" fill="url(#g)"/>` +
    `<rect y="${height - size / 2}" width="${bar}" height="${size / 2}" fill="#fff"/>` +
    `<g fill="#fff" font-family="DejaVu Sans, sans-serif" font-size="${size}">${rows}</g></svg>`
  );
}

function wrap(text: string, perLine: number, most: number): string[] {
  const flat = text.replace(/\s+/g, " ").trim();
  // Between words where that is possible, in the middle of one that is too long.
  const lines = flat.match(new RegExp(`.{1,${perLine}}(?= |$)|.{1,${perLine}}`, "gu")) ?? [];
  return lines.slice(0, most).map((line) => line.trim());
}

const escapeXml = (text: string): string =>
  text
    // Control characters are not allowed in XML in any form.
    .replace(/\p{Cc}/gu, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
