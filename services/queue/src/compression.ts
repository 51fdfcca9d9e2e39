/** Graphs, results and node definitions as they lie in Redis: JSON, compressed by zstd where it pays. */
import { promisify } from "node:util";
import {
  constants,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Larger than any graph that the gateway takes: a guard against a damaged value. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * Up to this size the way to a worker thread and back takes longer (0.4 ms on an idle machine, part
 * of every job's start) than the work (0.2 ms); beyond it the event loop is not to be held up.
 */
const AT_ONCE_BYTES = 16 * 1024;

/** Shorter texts stay as they are: compressing them takes longer than Redis needs for the rest. */
const WORTH_IT_BYTES = 4 * 1024;

/** First byte of every zstd frame, and of no JSON text. */
const ZSTD_MAGIC = 0x28;

/** The quickest level: a graph of 500 kB shrinks to a seventh with it, hardly less than with others. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export async function packText(text: string): Promise<Buffer> {
  if (text.length < WORTH_IT_BYTES) return Buffer.from(text);
  return text.length <= AT_ONCE_BYTES
    ? zstdCompressSync(text, options)
    : await compress(text, options);
}

export const pack = (value: unknown): Promise<Buffer> => packText(JSON.stringify(value));

export async function unpackText(packed: Buffer): Promise<string> {
  if (packed[0] !== ZSTD_MAGIC) return packed.toString("utf8");
  if (packed.length <= AT_ONCE_BYTES) {
    try {
      return zstdDecompressSync(packed, { maxOutputLength: 4 * AT_ONCE_BYTES }).toString("utf8");
    } catch {
      // Few bytes that become many, or damaged ones: what follows can hold both, or tells.
    }
  }
  return (await decompress(packed, { maxOutputLength: LARGEST_BYTES })).toString("utf8");
}

export async function unpack(packed: Buffer): Promise<unknown> {
  return JSON.parse(await unpackText(packed)) as unknown;
}
