/** Graphs, results and node definitions as they lie in Redis: JSON, compressed by zstd. */
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Larger than any graph that the gateway takes: a guard against a damaged value. */
const LARGEST_BYTES = 256 * 1024 * 1024;

export const packText = (text: string): Promise<Buffer> => compress(text);
export const pack = (value: unknown): Promise<Buffer> => packText(JSON.stringify(value));

export async function unpackText(packed: Buffer): Promise<string> {
  return (await decompress(packed, { maxOutputLength: LARGEST_BYTES })).toString("utf8");
}

export async function unpack(packed: Buffer): Promise<unknown> {
  return JSON.parse(await unpackText(packed)) as unknown;
}
