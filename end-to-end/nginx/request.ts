/** Requests whose path, headers and body go out as they are written: `fetch` would tidy them. */
import { request, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as requestTls } from "node:https";
import { text } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** @param rawPath Sent to this origin byte by byte. */
export function ask(origin: string, rawPath: string, question: Question = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body } = question;
  const { protocol, hostname, port } = new URL(origin);
  const send = protocol === "https:" ? requestTls : request;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      // Without `servername` the name of the handshake would follow a made-up Host.
      { hostname, servername: hostname, port, method, headers, path: rawPath, agent: false },
      (incoming) => {
        text(incoming).then((received) => {
          outgoing.destroy();
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: received,
          });
        }, reject);
      },
    );
    outgoing.on("error", reject);
    // An announced body that is not there: the answer must come without it.
    if (headers["content-length"] !== undefined && body === undefined) outgoing.flushHeaders();
    else outgoing.end(body);
  });
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
