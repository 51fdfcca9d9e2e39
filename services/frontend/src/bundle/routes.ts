/** The official frontend under every user's path: the same files, one copy on disk, none in memory. */
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { prepareFirstVisit } from "../first-visit.ts";
import type { FirstVisit } from "../first-visit.ts";
import { userOf } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { Bundle } from "./bundle.ts";
import { CompressedFiles } from "./compressed-files.ts";

const ONE_YEAR = "365d";

export async function registerBundleRoutes(
  app: FastifyInstance,
  { bundle, firstVisit }: { bundle: Bundle; firstVisit: FirstVisit },
): Promise<void> {
  const compressed = new CompressedFiles(bundle);
  await app.register(fastifyStatic, { root: bundle.folder, serve: false });

  app.get("/:user", (request, reply) => reply.redirect(`/${userOf(request)}/`, 308));

  app.get("/:user/", async (request, reply) => {
    await prepareFirstVisit(firstVisit, userOf(request));
    return await send("index.html", request, reply);
  });

  app.get("/:user/*", (request, reply) =>
    send((request.params as { "*": string })["*"], request, reply),
  );

  async function send(name: string, request: FastifyRequest, reply: FastifyReply) {
    const file = bundle.files.get(name);
    if (!file) throw new Refusal(404);
    const caching = file.immutable
      ? { maxAge: ONE_YEAR, immutable: true }
      : { cacheControl: false };
    if (!file.immutable) reply.header("cache-control", "no-cache");
    reply.header("x-content-type-options", "nosniff");
    if (file.compressible) reply.header("vary", "accept-encoding");

    const packed = await compressed
      .find(file, request.headers["accept-encoding"] ?? "")
      .catch((error: unknown) => {
        request.log.warn({ err: error }, "the bundle can't be compressed; sent as it is");
        return undefined;
      });
    if (!packed) return await reply.sendFile(name, bundle.folder, caching);
    reply.header("content-encoding", packed.encoding).type(contentTypeOf(name));
    return await reply.sendFile(packed.name, compressed.folder, {
      ...caching,
      contentType: false,
      acceptRanges: false,
    });
  }
}

/** Types of the compressible files; the others keep their ending and get theirs from it. */
function contentTypeOf(name: string): string {
  const types: Record<string, string> = {
    js: "text/javascript; charset=utf-8",
    mjs: "text/javascript; charset=utf-8",
    css: "text/css; charset=utf-8",
    html: "text/html; charset=utf-8",
    json: "application/json; charset=utf-8",
    svg: "image/svg+xml",
    txt: "text/plain; charset=utf-8",
    ttf: "font/ttf",
    wasm: "application/wasm",
  };
  return types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}
