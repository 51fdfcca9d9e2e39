/**
 * `GET /health`: 200 while the worker can do its work, 503 with the reason while it can't.
 * `GET /metrics`: its figures for Prometheus.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

export type WorkerStatus = "starting" | "idle" | "running" | "draining";

export interface Health {
  readonly status: WorkerStatus;
  readonly comfyuiVersion: string | undefined;
  /** Id of the running job. */
  readonly job: string | undefined;
  /** Results that wait in the spool. */
  readonly undelivered: number;
  /** Why it can't work; undefined when it can. */
  readonly problem: string | undefined;
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens. Rejects when the port is taken. */
export async function startHealthServer(
  host: string,
  port: number,
  { health, metrics }: { readonly health: () => Health; readonly metrics: Registry },
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://worker");
    const reads = request.method === "GET" || request.method === "HEAD";
    if (reads && pathname === "/metrics") {
      void sendMetrics(response, metrics);
      return;
    }
    if (!reads || pathname !== "/health") {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "The worker answers GET /health and GET /metrics." }));
      return;
    }
    const { problem, ...facts } = health();
    const body = problem === undefined ? facts : { ...facts, reason: problem };
    response.writeHead(problem === undefined ? 200 : 503, {
      "content-type": "application/json",
      "cache-control": "no-store",
    });
    response.end(JSON.stringify(body));
  });
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

async function sendMetrics(response: ServerResponse, metrics: Registry): Promise<void> {
  try {
    const text = await metrics.metrics();
    response.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" });
    response.end(text);
  } catch {
    response.writeHead(500).end();
  }
}
