/** A worker's uploads as raw requests, which a test can break off at a byte. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** `error.type` of a refusal. */
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

export interface UploadPlace {
  readonly origin: string;
  readonly token: string;
  readonly job: string;
  readonly attempt: number;
}

export class UploadClient {
  readonly #place: UploadPlace;
  readonly filename: string;

  constructor(place: UploadPlace, filename: string) {
    this.#place = place;
    this.filename = filename;
  }

  /** The same upload at another replica, or with another token. */
  at(place: Partial<UploadPlace>): UploadClient {
    return new UploadClient({ ...this.#place, ...place }, this.filename);
  }

  head(bytes: Buffer): Promise<Answer> {
    return this.ask("HEAD", {
      "x-content-sha256": sha256(bytes),
      "x-content-size": String(bytes.length),
    });
  }

  /** Sends the file from this byte on. */
  put(bytes: Buffer, from = 0): Promise<Answer> {
    return this.ask("PUT", this.headers(bytes, from), bytes.subarray(from));
  }

  headers(bytes: Buffer, from = 0): Record<string, string> {
    const part = from === bytes.length ? "*" : `${from}-${bytes.length - 1}`;
    return {
      "content-length": String(bytes.length - from),
      "x-content-sha256": sha256(bytes),
      ...(from > 0 && { "content-range": `bytes ${part}/${bytes.length}` }),
    };
  }

  async ask(
    method: "HEAD" | "PUT",
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Answer> {
    const sent = this.#request(method, headers);
    sent.end(body);
    return answer(sent);
  }

  /** A PUT of which only these bytes are sent until the test ends or breaks it. */
  begin(bytes: Buffer, until: number, from = 0): ClientRequest {
    const sent = this.#request("PUT", this.headers(bytes, from));
    // A test breaks it off, and the gateway may close it after a refusal.
    sent.on("error", () => undefined);
    sent.write(bytes.subarray(from, until));
    return sent;
  }

  #request(method: string, headers: Record<string, string>): ClientRequest {
    const { origin, token, job, attempt } = this.#place;
    const url = new URL(`/internal/v1/jobs/${job}/outputs`, origin);
    url.search = new URLSearchParams({
      attempt: String(attempt),
      filename: this.filename,
      subfolder: "gw",
      type: "output",
    }).toString();
    return request(url, {
      method,
      agent: false,
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
  }
}

export async function answer(sent: ClientRequest): Promise<Answer> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const said = await text(response);
  const body = said === "" ? {} : (JSON.parse(said) as Record<string, unknown>);
  const { error } = body as { error?: { type: string } };
  return { status: response.statusCode ?? 0, headers: response.headers, type: error?.type, body };
}
