/** Answers a request with a file of a user: ranges, cache validation, and headers that keep it inert. */
import { open } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import mime from "mime-types";
import { errors } from "../errors.ts";

/** Shown by browsers without running anything; every other type is sent as plain bytes. */
const SAFE_TYPE =
  /^(?:image\/(?!svg)|video\/|audio\/|font\/|application\/(?:json|pdf|octet-stream)$|text\/plain$)/;

/**
 * Even a file that a browser would run as a page has no origin, no script and no network here:
 * outputs are other people's bytes as far as our own pages are concerned.
 */
export const inertHeaders = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Content type by file name, limited to the safe ones. */
export function contentType(filename: string): string {
  const type = mime.lookup(filename);
  return type !== false && SAFE_TYPE.test(type) ? type : "application/octet-stream";
}

export const contentDisposition = (filename: string) =>
  `inline; filename*=UTF-8''${encodeURIComponent(filename).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`;

/** Sends the file at this path. Throws 404 when there is no such file, 416 for a range outside it. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: string,
): Promise<FastifyReply> {
  const handle = await open(file, "r").catch(() => {
    throw errors.notFound("File");
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw errors.notFound("File");
    const etag = `"${stats.size.toString(16)}-${Math.trunc(stats.mtimeMs).toString(16)}"`;
    reply.headers({
      ...inertHeaders,
      etag,
      "last-modified": stats.mtime.toUTCString(),
      "accept-ranges": "bytes",
      "cache-control": "private, no-cache",
      "content-disposition": contentDisposition(path.basename(file)),
    });
    reply.type(contentType(file));
    if (request.headers["if-none-match"] === etag) {
      await handle.close();
      return await reply.code(304).send();
    }
    const range = parseRange(request.headers.range, stats.size);
    if (range) {
      reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${stats.size}`);
    }
    const { start, end } = range ?? { start: 0, end: stats.size - 1 };
    reply.header("content-length", end - start + 1);
    if (request.method === "HEAD" || stats.size === 0) {
      await handle.close();
      // A stream, so that the length above stays as it is.
      return await reply.send(Readable.from([]));
    }
    // The stream closes the handle at its end and when the client goes away.
    return await reply.send(handle.createReadStream({ start, end }));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** One `bytes=a-b` range; undefined for none, or for several, which may be answered whole. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  const match = /^bytes=(?<first>\d*)-(?<last>\d*)$/.exec(header ?? "")?.groups;
  const first = match?.["first"] ?? "";
  const last = match?.["last"] ?? "";
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) throw errors.rangeNotSatisfiable(size);
  return { start, end };
}
