/** A service of the test's own that remembers what reached it. */
import * as http from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";

export interface Received {
  readonly method: string;
  /** The URI as it came. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface RecordingServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly received: readonly Received[];
  close(): void;
}

export interface Behaviour {
  readonly answer: http.RequestListener;
  readonly upgrade?: (socket: Socket) => void;
}

export async function recordRequests({ answer, upgrade }: Behaviour): Promise<RecordingServer> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    received.push({ method, url, headers });
    answer(request, response);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  if (upgrade) server.on("upgrade", (_request, socket: Socket) => upgrade(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
