/** Graphs, results and node definitions as they lie in Redis: JSON, compressed by zstd. */
import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Larger than any graph that the gateway takes: a guard against a damaged value. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * Up to this size the way to a worker thread and back takes longer (0.4 ms on an idle machine, part
 * of every job's start) than the work (0.2 ms); beyond it the event loop is not to be held up.
 */
const AT_ONCE_BYTES = 16 * 1024;

export async function packText(text: string): Promise<Buffer> {
  return text.length <= AT_ONCE_BYTES ? zstdCompressSync(text) : await compress(text);
}

export const pack = (value: unknown): Promise<Buffer> => packText(JSON.stringify(value));

export async function unpackText(packed: Buffer): Promise<string> {
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
