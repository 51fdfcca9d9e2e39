/**
 * The queue manager's two routes for workers, strict: token, attempt, size and sha256 are checked as
 * the contract says. It keeps no part of an upload that broke off, and says so. Gives every output another name (`mine-…`), so that a test sees the renaming.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { QueueContract } from "@comfymulti/queue";

export const workerToken = "worker-token-for-tests";

export interface UploadReceiver {
  readonly url: string;
  /** Stored files by `job/subfolder/filename`, the user's names. */
  readonly outputs: Map<string, Buffer>;
  /** The users' files by `user/type/subfolder/filename`. */
  readonly inputs: Map<string, Buffer>;
  /** Answers 503 while true. */
  down: boolean;
  /** Requests answered 503. */
  refused: number;
  close(): Promise<void>;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

export async function startUploadReceiver(queue: QueueContract): Promise<UploadReceiver> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error instanceof Error ? error.message : "error"));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: UploadReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    outputs: new Map(),
    inputs: new Map(),
    down: false,
    refused: 0,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await body(request);
    const url = new URL(request.url ?? "", receiver.url);
    const [, id = "", kind] =
      /^\/internal\/v1\/jobs\/([^/]+)\/(inputs|outputs)$/.exec(url.pathname) ?? [];
    const query = (name: string) => url.searchParams.get(name) ?? "";
    if (receiver.down) {
      receiver.refused += 1;
      response.writeHead(503).end();
      return;
    }
    if (request.headers.authorization !== `Bearer ${workerToken}`) {
      response.writeHead(401).end();
      return;
    }
    const job = await queue.job(id);
    if (!job || job.state !== "running" || String(job.attempt) !== query("attempt")) {
      response.writeHead(409).end();
      return;
    }
    const path = [query("subfolder"), query("filename")].filter(Boolean).join("/");
    if (kind === "inputs" && ["GET", "HEAD"].includes(request.method ?? "")) {
      const input = receiver.inputs.get(`${job.user}/${query("type")}/${path}`);
      if (!input) {
        response.writeHead(404).end();
        return;
      }
      const headers = { "content-length": input.length, "x-content-sha256": sha256(input) };
      response.writeHead(200, headers).end(input);
      return;
    }
    if (kind === "outputs" && request.method === "HEAD") {
      response.writeHead(200, { "upload-offset": 0 }).end();
      return;
    }
    if (kind !== "outputs" || request.method !== "PUT") {
      response.writeHead(404).end();
      return;
    }
    const whole =
      request.headers["content-length"] === String(bytes.length) &&
      request.headers["x-content-sha256"] === sha256(bytes);
    if (!whole || !["output", "temp"].includes(query("type"))) {
      response.writeHead(422).end();
      return;
    }
    const filename = `mine-${query("filename")}`;
    const subfolder = query("subfolder");
    receiver.outputs.set([id, subfolder, filename].filter(Boolean).join("/"), bytes);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ filename, subfolder, type: query("type") }));
  }
  return receiver;
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
