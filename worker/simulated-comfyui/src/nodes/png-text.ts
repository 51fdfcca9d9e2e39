/** PNG text chunks: how ComfyUI keeps the graph inside a saved picture. */
import { crc32 } from "node:zlib";

const SIGNATURE_AND_HEADER = 8 + 25;

/** Puts `tEXt` chunks after the header. Characters beyond Latin-1 are written as JSON escapes. */
export function withTextChunks(png: Buffer, texts: Readonly<Record<string, unknown>>): Buffer {
  const chunks = Object.entries(texts).map(([keyword, value]) => textChunk(keyword, value));
  return Buffer.concat([
    png.subarray(0, SIGNATURE_AND_HEADER),
    ...chunks,
    png.subarray(SIGNATURE_AND_HEADER),
  ]);
}

function textChunk(keyword: string, value: unknown): Buffer {
  const json = JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const body = Buffer.from(`tEXt${keyword}\0${json}`, "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length - 4);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
