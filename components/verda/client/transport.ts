/**
 * One HTTP call to the API: token, time-out, retries, and a VerdaError for whatever goes wrong.
 *
 * Retried, with jittered backoff and the API's own Retry-After: 429, 5xx, time-outs and network
 * faults of calls that may run twice. A call that makes something is sent again only where the
 * first one surely had no effect (429); its caller looks for the thing before it tries again.
 */
import ky, { HTTPError, NetworkError, TimeoutError } from "ky";
import type { KyInstance } from "ky";
import { z } from "zod";
import { VerdaError } from "./error.ts";
import type { VerdaSettings } from "./settings.ts";
import { AccessToken } from "./token.ts";

export interface TransportOptions {
  /** For one answer, in milliseconds. Default 30 000. */
  readonly timeoutMilliseconds?: number;
  /** First wait before a retry, in milliseconds; doubles each time up to 20 s. Default 500. */
  readonly backoffMilliseconds?: number;
  /** Retries of one call. Default 5. */
  readonly retries?: number;
  /** Ends waiting and calling. */
  readonly signal?: AbortSignal;
}

export interface Call<Schema extends z.ZodType> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Without a leading slash; every part that is not ours goes through `segment`. */
  readonly path: string;
  readonly answer: Schema;
  readonly json?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  /** False for a call that makes something. Default: true unless the method is `post`. */
  readonly repeatable?: boolean;
  /** The answer is text, not JSON. */
  readonly text?: boolean;
  /** The API asks no token for it. It is a look into a catalogue: tried twice, not for long. */
  readonly open?: boolean;
}

const MOST_RETRY_AFTER = 90_000;
const USER_AGENT = "comfymulti-verda/0.1";
const RETRIED = [408, 429, 500, 502, 503, 504];
const errorBody = z.object({
  code: z.string(),
  message: z.union([z.string(), z.array(z.string())]),
});

/** A part of a path, so that no id can lead to another path. */
export function segment(text: string): string {
  if (!/^[A-Za-z0-9._~-]+$/.test(text) || /^\.+$/.test(text)) {
    throw new VerdaError({
      status: 0,
      code: "invalid_id",
      reason: `'${text.slice(0, 50)}' is no id or name of Verda's`,
      call: "settings",
    });
  }
  return text;
}

export class Transport {
  readonly #http: KyInstance;
  readonly #token: AccessToken;

  constructor(settings: VerdaSettings, options: TransportOptions = {}) {
    const backoff = options.backoffMilliseconds ?? 500;
    this.#http = ky.create({
      prefix: settings.baseUrl,
      timeout: options.timeoutMilliseconds ?? 30_000,
      headers: { "user-agent": USER_AGENT },
      // A redirect would carry the token elsewhere.
      redirect: "error",
      ...(options.signal ? { signal: options.signal } : {}),
      retry: {
        limit: options.retries ?? 5,
        methods: ["get", "put", "patch", "delete"],
        statusCodes: RETRIED,
        afterStatusCodes: [429, 503],
        maxRetryAfter: MOST_RETRY_AFTER,
        retryOnTimeout: true,
        delay: (attempt) => Math.min(backoff * 2 ** (attempt - 1), 20_000),
        jitter: (delay) => delay * (0.5 + Math.random() / 2),
        shouldRetry: ({ error }) => (isNoCapacityAnswer(error) ? false : undefined),
      },
    });
    this.#token = new AccessToken(this.#http, settings);
  }

  /** @throws VerdaError */
  async call<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    try {
      return await this.#attempt(call);
    } catch (error) {
      if (!(error instanceof HTTPError) || error.response.status !== 401 || call.open) {
        throw this.#fault(error, call);
      }
    }
    // The token may have ended early, or the API restarted: one more try with another.
    try {
      return await this.#attempt(call);
    } catch (error) {
      throw this.#fault(error, call);
    }
  }

  async #attempt<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    const token = call.open ? undefined : await this.#token.value();
    const repeatable = call.repeatable ?? call.method !== "post";
    try {
      const response = await this.#http(call.path, {
        method: call.method,
        ...(call.json === undefined ? {} : { json: call.json }),
        ...(call.query ? { searchParams: { ...call.query } } : {}),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(call.open ? { timeout: 10_000 } : {}),
        retry: repeatable
          ? { methods: [call.method], ...(call.open ? { limit: 1 } : {}) }
          : { methods: [call.method], shouldRetry: ({ error }) => statusOf(error) === 429 },
      });
      const body = await response.text();
      return call.answer.parse(call.text || body === "" ? body : JSON.parse(body));
    } catch (error) {
      if (statusOf(error) === 401 && token !== undefined) this.#token.refuse(token);
      throw error;
    }
  }

  #fault(error: unknown, { method, path, repeatable }: Call<z.ZodType>): VerdaError {
    if (error instanceof VerdaError) return error;
    const call = `${method.toUpperCase()} /${path}`;
    const makes = !(repeatable ?? method !== "post");
    if (error instanceof HTTPError) {
      const { status } = error.response;
      const body = errorBody.safeParse(error.data);
      const said = body.success ? [body.data.message].flat().join("; ") : `answered ${status}`;
      return new VerdaError({
        status,
        code: body.data?.code ?? "no_code",
        reason: this.#clean(said),
        call,
        ambiguous: makes && status >= 500 && !isNoCapacityAnswer(error),
      });
    }
    if (error instanceof TimeoutError || error instanceof NetworkError) {
      const late = error instanceof TimeoutError;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const reason = late ? "no answer in time" : `no answer: ${causeOf(cause)}`;
      return new VerdaError({
        status: 0,
        code: "no_answer",
        reason: this.#clean(reason),
        call,
        ambiguous: makes,
      });
    }
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
      const where = issue ? ` at ${issue.path.join(".") || "its root"}: ${issue.message}` : "";
      return new VerdaError({
        status: 0,
        code: "strange_answer",
        reason: this.#clean(`an answer of another form than expected${where}`),
        call,
        ambiguous: makes,
      });
    }
    const message = error instanceof Error ? error.message : "unknown fault";
    return new VerdaError({
      status: 0,
      code: "no_answer",
      reason: this.#clean(message),
      call,
      ambiguous: makes,
    });
  }

  /** What the API says goes to people and logs: short, on one line, and without secrets. */
  #clean(text: string): string {
    const bare = this.#token.secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
    return bare.replace(/\s+/g, " ").slice(0, 300);
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof HTTPError ? error.response.status : undefined;
}

/** 503 with this message is a plain no, not an outage. */
function isNoCapacityAnswer(error: unknown): boolean {
  if (!(error instanceof HTTPError) || error.response.status !== 503) return false;
  const body = errorBody.safeParse(error.data);
  return body.success && /capacity/i.test(`${body.data.code} ${[body.data.message].flat().join()}`);
}

function causeOf(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? `${error.code} ` : "";
  const inner = error.cause instanceof Error ? error.cause.message : error.message;
  return `${code}${inner}`;
}
