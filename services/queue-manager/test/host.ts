/** The host, asking a test gateway. */
import { setTimeout as pause } from "node:timers/promises";
import { TOKENS, type TestGateway } from "./gateway.ts";

export class Host {
  readonly #origin: string;
  readonly #authorization = `Bearer ${TOKENS.admin}`;

  constructor({ origin }: Pick<TestGateway, "origin">) {
    this.#origin = origin;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#origin}${path}`, {
      redirect: "manual",
      ...init,
      headers: { authorization: this.#authorization, ...(init.headers as object) },
    });
  }

  async get<Body>(path: string): Promise<Body> {
    return (await (await this.fetch(`/api/v1${path}`)).json()) as Body;
  }

  /** A change, with a JSON body where there is one. */
  post(path: string, body?: unknown): Promise<Response> {
    return this.fetch(`/api/v1${path}`, {
      method: "POST",
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
  }

  /** Opens `/api/v1/events`; `lastEventId` as EventSource sends it. */
  async listen(query = "", lastEventId?: string): Promise<HostEvents> {
    const stop = new AbortController();
    const response = await this.fetch(`/api/v1/events${query}`, {
      signal: stop.signal,
      headers: { ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
    });
    return new HostEvents(response, stop);
  }
}

export interface HostEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** One open stream, read as it comes. */
export class HostEvents {
  readonly response: Response;
  readonly events: HostEvent[] = [];
  readonly #stop: AbortController;
  /** Resolves when the stream ends, whoever ended it. */
  readonly ended: Promise<void>;

  constructor(response: Response, stop: AbortController) {
    this.response = response;
    this.#stop = stop;
    this.ended = this.#read().catch(() => undefined);
  }

  close(): Promise<void> {
    this.#stop.abort();
    return this.ended;
  }

  /** The first event that fits, waited for. */
  async until(fits: (event: HostEvent) => boolean): Promise<HostEvent> {
    for (;;) {
      const found = this.events.find(fits);
      if (found) return found;
      await pause(10);
    }
  }

  async #read(): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const field = (name: string) =>
          new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? undefined;
        const data = field("data");
        if (data === undefined) continue;
        this.events.push({
          id: field("id"),
          name: field("event") ?? "message",
          data: JSON.parse(data) as Record<string, unknown>,
        });
      }
    }
  }
}
