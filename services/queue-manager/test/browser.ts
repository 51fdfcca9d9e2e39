/** A user's side of the gateway: requests with their token, and a WebSocket that remembers frames. */
import { once } from "node:events";
import { WebSocket } from "ws";

export interface Frame {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export class Browser {
  readonly origin: string;
  readonly user: string;
  readonly token: string;

  constructor(origin: string, user: string, token: string) {
    this.origin = origin;
    this.user = user;
    this.token = token;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.origin}/${this.user}${path}`, {
      redirect: "manual",
      ...init,
      headers: { authorization: `Bearer ${this.token}`, ...(init.headers as object) },
    });
  }

  async get<Body = Record<string, unknown>>(path: string): Promise<Body> {
    const response = await this.fetch(path);
    return (await response.json()) as Body;
  }

  post(path: string, body: unknown): Promise<Response> {
    return this.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** Submits a graph and answers its prompt_id. */
  async submit(prompt: unknown, more: Record<string, unknown> = {}): Promise<string> {
    const response = await this.post("/prompt", { prompt, ...more });
    const body = (await response.json()) as { prompt_id?: string };
    if (body.prompt_id === undefined) throw new Error(`refused: ${JSON.stringify(body)}`);
    return body.prompt_id;
  }

  async socket(clientId?: string): Promise<BrowserSocket> {
    const query = clientId === undefined ? "" : `?clientId=${clientId}`;
    const socket = new WebSocket(`${this.origin.replace("http", "ws")}/${this.user}/ws${query}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    const browserSocket = new BrowserSocket(socket);
    await once(socket, "open");
    return browserSocket;
  }
}

/** Frames as they come; text ones parsed, binary ones kept. */
export class BrowserSocket {
  readonly frames: Frame[] = [];
  readonly binary: Buffer[] = [];
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data);
      else this.frames.push(JSON.parse(data.toString()) as Frame);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Waits until what came satisfies this; the test's own time limit ends a wait in vain. */
  async until(satisfied: (socket: BrowserSocket) => boolean): Promise<void> {
    while (!satisfied(this)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Waits for a text frame of this type, and for as many as asked. */
  untilType(type: string, count = 1): Promise<void> {
    return this.until(({ types }) => types.filter((name) => name === type).length >= count);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
