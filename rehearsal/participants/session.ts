/**
 * A participant's browser as far as HTTP goes: signs in by the personal link, keeps the cookie, sends
 * what a browser sends, and doesn't give up. A refusal that says when to come again is obeyed; a
 * server that is away is asked again until patience ends.
 */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { jsonOf } from "./answers.ts";
import type { ParticipantLink } from "./options.ts";

/** One try of a request, ms. */
const TRY_MS = 120_000;
/** The most that a personal link is tried for, ms: a platform that is not there is told soon. */
const OPENING_MS = 60_000;
/** For what is said after the run was stopped, ms. */
const LAST_WORD_MS = 5000;
/** Between two tries when the server names no time, ms: doubled from the first to the last. */
const RETRY_MS = { first: 250, last: 4000 };
/** The longest wait that a server may ask for at once, s. */
const LONGEST_WAIT_SECONDS = 600;

/** Answers after which the same request may succeed. */
const TEMPORARY = new Set([408, 425, 429, 502, 503, 504]);

/** ComfyUI's form of a refusal. */
const refusalSchema = z.object({
  error: z.object({ type: z.string(), message: z.string(), details: z.string().default("") }),
});

/** The server's last word on a request, as a sentence. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

export interface SessionOptions {
  readonly link: ParticipantLink;
  readonly patienceMs: number;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
}

type Read<Value> = (response: Response) => Promise<Value>;

interface Request {
  readonly init?: RequestInit;
  /** Called with each refusal that asks to come again. */
  readonly onRefused?: () => void;
  /** Default: the session's. */
  readonly patienceMs?: number;
}

export class Session {
  /** `https://comfy.example/user001/`. */
  readonly address: URL;
  readonly #options: SessionOptions;
  readonly #cookies = new Map<string, string>();

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.address = new URL(".", options.link.link);
  }

  /**
   * Opens the personal link.
   *
   * @throws RefusedError when it is not a participant's
   */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    const patienceMs = Math.min(OPENING_MS, options.patienceMs);
    await session.#insist(options.link.link, { patienceMs }, async (response) => {
      await response.arrayBuffer();
      for (const cookie of response.headers.getSetCookie()) session.#keep(cookie);
    });
    if (session.#cookies.size === 0) {
      throw new RefusedError(
        `${options.link.id}'s personal link was answered without a cookie: is it the whole link, up to the end of its token?`,
      );
    }
    await session.bytes("");
    return session;
  }

  /** What a WebSocket of the same page sends along. */
  get headers(): Readonly<Record<string, string>> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return { cookie, origin: this.address.origin };
  }

  async json<Schema extends z.ZodType>(route: string, schema: Schema): Promise<z.output<Schema>> {
    return await this.#insist(route, {}, async (response) => schema.parse(await response.json()));
  }

  async bytes(route: string): Promise<Buffer> {
    return await this.#insist(route, {}, async (response) =>
      Buffer.from(await response.arrayBuffer()),
    );
  }

  /** Takes the answer and forgets it, as a page does with what it only shows. */
  async visit(route: string): Promise<void> {
    await this.#insist(route, {}, async (response) => {
      await response.body?.pipeTo(new WritableStream());
    });
  }

  async post<Schema extends z.ZodType>(
    route: string,
    body: object,
    schema: Schema,
    onRefused?: () => void,
  ): Promise<z.output<Schema>> {
    const init = {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    };
    return await this.#insist(
      route,
      { init, ...(onRefused && { onRefused }) },
      async (response) => {
        const text = await response.text();
        return schema.parse(text === "" ? undefined : JSON.parse(text));
      },
    );
  }

  /** Asks once more after everything was stopped, and does not care for the answer. */
  async lastWord(route: string, body: object): Promise<void> {
    await fetch(new URL(route, this.address), {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...this.headers },
      signal: AbortSignal.timeout(LAST_WORD_MS),
    }).then(
      (response) => response.arrayBuffer(),
      () => undefined,
    );
  }

  /** As the editor uploads: one form with the file in the field `image`. */
  async upload<Schema extends z.ZodType>(
    name: string,
    bytes: Buffer,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const form = new FormData();
    form.append("image", new Blob([new Uint8Array(bytes)], { type: "image/png" }), name);
    return await this.#insist(
      "api/upload/image",
      { init: { method: "POST", body: form } },
      async (response) => schema.parse(await response.json()),
    );
  }

  async #insist<Value>(route: string, request: Request, read: Read<Value>): Promise<Value> {
    const { signal, link } = this.#options;
    const patienceMs = request.patienceMs ?? this.#options.patienceMs;
    const url = new URL(route, this.address);
    const deadline = Date.now() + patienceMs;
    for (let tries = 0; ; tries++) {
      let waitMs = Math.min(RETRY_MS.first * 2 ** tries, RETRY_MS.last);
      let reason: string;
      try {
        const response = await this.#send(url, request.init);
        if (response.status < 400) return await read(response);
        reason = await sentenceOf(response);
        const asked = retryAfterMs(response);
        const isTemporary = TEMPORARY.has(response.status) && !isFinal(response.status, asked);
        if (!isTemporary) throw new RefusedError(`${nameOf(link, url)}: ${reason}`);
        if (asked !== undefined) waitMs = asked;
        request.onRefused?.();
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        if (error instanceof z.ZodError || error instanceof SyntaxError) {
          throw new RefusedError(
            `${nameOf(link, url)} was answered in a form that is not ComfyUI's`,
            {
              cause: error,
            },
          );
        }
        signal.throwIfAborted();
        reason = faultOf(error);
      }
      if (Date.now() + waitMs > deadline) {
        throw new RefusedError(
          `${nameOf(link, url)} had no success within ${Math.round(patienceMs / 1000)} s: ${reason}`,
        );
      }
      await pause(waitMs, undefined, { signal });
    }
  }

  async #send(url: URL, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), ...this.headers },
      // The link's answer has the cookie and leads to the page, which is opened next.
      redirect: "manual",
      signal: AbortSignal.any([this.#options.signal, AbortSignal.timeout(TRY_MS)]),
    });
    return response;
  }

  #keep(cookie: string): void {
    const [pair = ""] = cookie.split(";");
    const at = pair.indexOf("=");
    if (at > 0) this.#cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
}

/** 503 without a time to come again is meant for good: the workshop is over. */
const isFinal = (status: number, askedMs: number | undefined): boolean =>
  status === 503 && askedMs === undefined;

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds)
    ? Math.min(Math.max(seconds, 0), LONGEST_WAIT_SECONDS) * 1000
    : undefined;
}

/** Without the query: a link's token is nobody else's business. */
const nameOf = ({ id }: ParticipantLink, url: URL): string => `${id} (${url.pathname})`;

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text();
  const parsed = refusalSchema.safeParse(jsonOf(text));
  const { message, details } = parsed.data?.error ?? {
    message: text.slice(0, 200).trim() || "no reason given",
    details: "",
  };
  return `${message}${details && details !== message ? `: ${details}` : ""} (HTTP ${response.status})`;
}

function faultOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
