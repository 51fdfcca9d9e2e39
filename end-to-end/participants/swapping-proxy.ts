/**
 * A dishonest door to a platform: everything goes through, WebSockets too, but of the uploaded
 * pictures that come back everybody gets the first one.
 */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A participant's own picture in `GET view`. */
const OWN_PICTURE = /\/view\?filename=[^&]*-own_/;

export interface SwappingProxy {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  close(): Promise<void>;
}

/** @param target any address of the platform */
export async function startSwappingProxy(target: string): Promise<SwappingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let firstPicture: Buffer | undefined;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, url = "/", headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      if (!OWN_PICTURE.test(url)) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        firstPicture ??= Buffer.concat(parts);
        outgoing.writeHead(200, { "content-type": "image/png" });
        outgoing.end(firstPicture);
      });
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  };

  const server = createServer(pass);
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const onward = connect(Number(port), hostname);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => end.destroy());
    }
    const lines = incoming.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? [`${name}: ${all[index + 1]}`] : [],
    );
    onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
