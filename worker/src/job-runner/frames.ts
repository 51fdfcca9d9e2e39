/**
 * ComfyUI's binary frames, as far as the relay must tell them apart: a big-endian u32 event type,
 * then for 1 (picture) an image type, for 3 (text) a length-prefixed node id, for 4 (picture with
 * metadata) a length-prefixed JSON.
 */

const TEXT_EVENT = 3;

/** Frames with the same key replace one another: pictures always, texts of the same node. */
export function frameKey(frame: Buffer): string {
  if (frame.length < 8 || frame.readUInt32BE(0) !== TEXT_EVENT) return "frame";
  const node = frame.toString("utf8", 8, 8 + Math.min(frame.readUInt32BE(4), 64));
  return `frame:text:${node}`;
}
