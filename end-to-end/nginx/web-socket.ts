/** A WebSocket's opening and what comes on it, without the pings that libraries send by themselves. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Socket } from "node:net";

/** RFC 6455, section 1.3. */
const PROTOCOL_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** As a server: accepts what `openWebSocket` asks for. */
export function acceptWebSocket(socket: Socket): void {
  const accept = createHash("sha1")
    .update(KEY + PROTOCOL_KEY)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** As a browser; the socket, once the server has accepted it. */
export async function openWebSocket(url: string): Promise<Socket> {
  const outgoing = request(url, {
    agent: false,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": KEY,
    },
  });
  outgoing.end();
  const [, socket] = (await once(outgoing, "upgrade")) as [IncomingMessage, Socket];
  return socket;
}
