/** ComfyUI's binary WebSocket frames: a big-endian u32 event, then what the event says. */

const PREVIEW_IMAGE = 1;
const TEXT = 3;
const PREVIEW_IMAGE_WITH_METADATA = 4;
const JPEG = 1;

function words(...numbers: number[]): Buffer {
  const buffer = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => buffer.writeUInt32BE(number, 4 * index));
  return buffer;
}

/** Event 1: u32 image type, image. */
export const imagePreviewFrame = (jpeg: Buffer): Buffer =>
  Buffer.concat([words(PREVIEW_IMAGE, JPEG), jpeg]);

/** Event 3: u32 length of the node id, node id, text. */
export function textFrame(node: string, text: string): Buffer {
  const id = Buffer.from(node);
  return Buffer.concat([words(TEXT, id.length), id, Buffer.from(text)]);
}

/** Event 4: u32 length of the metadata, metadata as JSON, image. */
export function metadataPreviewFrame(
  metadata: Readonly<Record<string, unknown>>,
  jpeg: Buffer,
): Buffer {
  const json = Buffer.from(JSON.stringify(metadata));
  return Buffer.concat([words(PREVIEW_IMAGE_WITH_METADATA, json.length), json, jpeg]);
}
