import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { z } from "zod";
import { serviceNameSchema } from "../../service-spec.ts";
import { ServiceError, SupervisorEndingError, putBodySchema } from "./protocol.ts";
import type { Supervisor } from "./supervisor.ts";

const LARGEST_BODY_BYTES = 1024 * 1024;
const linesSchema = z.coerce.number().int().min(1).max(1000).default(20);

/**
 * The supervisor's HTTP server, to listen on its Unix socket. Whoever may open the socket may do
 * everything: the directory around it has mode 0700.
 *
 *   GET /status · GET|PUT|DELETE /services/:name · GET /services/:name/log?lines=20 · POST /shutdown
 */
export function createSupervisorServer(supervisor: Supervisor, shutdown: () => void): Server {
  return createServer((request, response) => {
    handle(supervisor, shutdown, request, response).catch((error: unknown) => {
      const status = statusOf(error);
      const message = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
      answer(response, status, { error: message });
    });
  });
}

async function handle(
  supervisor: Supervisor,
  shutdown: () => void,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://supervisor");
  const [area, name, part, ...rest] = url.pathname.slice(1).split("/");
  const route = `${request.method ?? "GET"} ${area ?? ""}${name === undefined ? "" : "/:name"}${part === undefined ? "" : `/${part}`}`;
  if (rest.length > 0) return answer(response, 404, { error: "no such route" });
  switch (route) {
    case "GET status":
      return answer(response, 200, supervisor.report());
    case "GET services/:name": {
      const report = supervisor.service(serviceNameSchema.parse(name));
      return answer(response, report ? 200 : 404, report ?? { error: "no such service" });
    }
    case "PUT services/:name": {
      const spec = putBodySchema.parse(JSON.parse(await readBody(request)));
      return answer(response, 200, await supervisor.put(serviceNameSchema.parse(name), spec));
    }
    case "DELETE services/:name": {
      const removed = await supervisor.remove(serviceNameSchema.parse(name));
      return answer(response, 200, { removed });
    }
    case "GET services/:name/log": {
      const lines = linesSchema.parse(url.searchParams.get("lines") ?? undefined);
      return answer(response, 200, supervisor.log(serviceNameSchema.parse(name), lines));
    }
    case "POST shutdown":
      answer(response, 202, {});
      return shutdown();
    default:
      return answer(response, 404, { error: "no such route" });
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY_BYTES) throw new ServiceError("the specification is over 1 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function statusOf(error: unknown): number {
  if (error instanceof ServiceError) return 409;
  if (error instanceof SupervisorEndingError) return 503;
  return error instanceof z.ZodError || error instanceof SyntaxError ? 400 : 500;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown fault";
}
