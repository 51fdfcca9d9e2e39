/**
 * ComfyUI's binary WebSocket frames, big-endian u32 event first:
 * 1 = u32 image type (1 JPEG, 2 PNG) + image; 3 = u32 length + node id + text;
 * 4 = u32 length + metadata JSON + image, for clients that announced `supports_preview_metadata`.
 */
const PREVIEW_IMAGE = 1;
const PREVIEW_IMAGE_WITH_METADATA = 4;
const JPEG = 1;
const PNG = 2;

/** The frame as a client without `supports_preview_metadata` gets it; undefined if it is malformed. */
export function withoutMetadata(frame: Buffer): Buffer | undefined {
  if (frame.length < 8) return undefined;
  if (frame.readUInt32BE(0) !== PREVIEW_IMAGE_WITH_METADATA) return frame;
  const imageAt = 8 + frame.readUInt32BE(4);
  if (imageAt > frame.length) return undefined;
  const header = Buffer.alloc(8);
  header.writeUInt32BE(PREVIEW_IMAGE, 0);
  header.writeUInt32BE(isPng(frame.subarray(imageAt)) ? PNG : JPEG, 4);
  return Buffer.concat([header, frame.subarray(imageAt)]);
}

const isPng = (image: Buffer) => image.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]));
