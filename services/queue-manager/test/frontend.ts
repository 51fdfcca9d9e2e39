/** A tiny stand-in for a user's frontend: answers with what it was asked, so that tests see it. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers to GET extensions. */
export const EXTENSIONS = ["/extensions/core/clipspace.js"];

export interface Frontend {
  readonly url: string;
  close(): Promise<void>;
}

export async function startFrontend(): Promise<Frontend> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const echo = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      response.writeHead(200, { "content-type": "application/json", "set-cookie": "upstream=1" });
      const isList = request.url?.endsWith("/extensions") === true;
      response.end(JSON.stringify(isList ? EXTENSIONS : echo));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
