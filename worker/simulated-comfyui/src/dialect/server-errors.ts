/** How ComfyUI's HTTP server refuses: aiohttp's plain texts. */
import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import { serverFeatures } from "./sockets.ts";

const TEXT = "text/plain; charset=utf-8";
const TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble";

/** A body that Python's handler would stumble over: answered with a bare 500. */
export class ServerTrouble extends Error {}

/** The request's body as JSON. Throws ServerTrouble for anything else, as ComfyUI does. */
export function jsonBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(bodyText(request)) as unknown;
  } catch {
    throw new ServerTrouble("The body is not JSON.");
  }
}

/** The same, but nothing (`{}`) for a body that is not JSON: `POST /interrupt` takes any. */
export function jsonBodyOrNothing(request: FastifyRequest): unknown {
  try {
    return JSON.parse(bodyText(request)) as unknown;
  } catch {
    return {};
  }
}

const bodyText = (request: FastifyRequest): string =>
  Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "";

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Installs the refusals, and ComfyUI's check that a page of another origin does not call it. */
export function answerLikeAiohttp(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.statusCode === 413) {
      const size = request.headers["content-length"] ?? "unknown";
      const limit = serverFeatures.max_upload_size;
      return reply
        .code(413)
        .type(TEXT)
        .send(`Maximum request body size ${limit} exceeded, actual body size ${size}`);
    }
    if (!(error instanceof ServerTrouble)) request.log.error({ err: error }, "request failed");
    return reply.code(500).type(TEXT).send(TROUBLE);
  });

  app.setNotFoundHandler((request, reply) => {
    if (request.method === "GET" || request.method === "HEAD") {
      return reply.code(404).type("application/octet-stream").send();
    }
    return reply.code(405).type(TEXT).send("405: Method Not Allowed");
  });

  app.addHook("onRequest", async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined || origin === "null" || origin === "") return;
    if (URL.canParse(origin) && new URL(origin).host === request.host) return;
    await reply.code(403).send();
  });
}
