/** `object_info`: what the editor may offer is what the GPU workers have. */
import type { FastifyRequest } from "fastify";
import type { Route } from "../../gateway.ts";

export const objectInfoRoutes: Route = (app, { objectInfo }) => {
  app.get("/object_info", async (request, reply) => {
    const encoded = await objectInfo.encodedForUser(request.user.id);
    reply.headers({
      etag: encoded.etag,
      vary: "accept-encoding",
      "cache-control": "private, no-cache",
    });
    if (request.headers["if-none-match"] === encoded.etag) return reply.code(304).send();
    reply.type("application/json; charset=utf-8");
    const encoding = acceptedEncoding(request);
    if (encoding === undefined) return reply.send(encoded.identity);
    return reply.header("content-encoding", encoding).send(encoded[encoding]);
  });

  app.get<{ Params: { class: string } }>("/object_info/:class", async (request) => {
    const known = await objectInfo.forUser(request.user.id);
    const name = request.params.class;
    return Object.hasOwn(known, name) ? { [name]: known[name] } : {};
  });
};

function acceptedEncoding(request: FastifyRequest): "br" | "gzip" | undefined {
  const accepted = String(request.headers["accept-encoding"] ?? "");
  return (["br", "gzip"] as const).find((name) =>
    new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(?:\\.0*)?(?:,|$))`).test(accepted),
  );
}
