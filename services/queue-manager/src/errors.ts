/**
 * Every refusal that the service gives, in one list. A body always has the form that makes the
 * ComfyUI frontend open its dialog "message: details":
 * `{error: {type, message, details, extra_info}, node_errors: {}}`.
 */
import type { QueueFullError } from "@comfymulti/queue";

export interface DialogBody {
  readonly error: {
    readonly type: string;
    readonly message: string;
    readonly details: string;
    readonly extra_info: Readonly<Record<string, unknown>>;
  };
  readonly node_errors: Readonly<Record<string, unknown>>;
}

interface GatewayErrorOptions {
  readonly details?: string;
  readonly extraInfo?: Readonly<Record<string, unknown>>;
  readonly nodeErrors?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal with its HTTP status and words meant for the person who asked. */
export class GatewayError extends Error {
  readonly status: number;
  readonly type: string;
  readonly options: GatewayErrorOptions;

  constructor(status: number, type: string, message: string, options: GatewayErrorOptions = {}) {
    super(message);
    this.name = "GatewayError";
    this.status = status;
    this.type = type;
    this.options = options;
  }

  get body(): DialogBody {
    return {
      error: {
        type: this.type,
        message: this.message,
        details: this.options.details ?? "",
        extra_info: this.options.extraInfo ?? {},
      },
      node_errors: this.options.nodeErrors ?? {},
    };
  }
}

const retryAfter = (seconds: number) => ({ headers: { "retry-after": String(seconds) } });

/** The rest of a body that is refused unread is not waited for. */
const closing = { headers: { connection: "close" } };

export const errors = {
  // ── who is asking ──
  unauthorized: () =>
    new GatewayError(401, "unauthorized", "Not signed in", {
      details: "Open your personal link once in this browser, or send Authorization: Bearer.",
      headers: { "www-authenticate": "Bearer" },
    }),
  tooManyFailedLogins: (seconds: number) =>
    new GatewayError(429, "too_many_failed_logins", "Too many wrong tokens from this address", {
      details: `Try again in ${seconds} seconds with the right link.`,
      ...retryAfter(seconds),
    }),
  crossSite: () =>
    new GatewayError(
      403,
      "cross_site_request",
      "Refused: the request comes from another web site",
      {
        details: "Open the page through your personal link and try there.",
      },
    ),
  // ── what was sent ──
  noPrompt: () =>
    new GatewayError(400, "no_prompt", "No prompt provided", { details: "No prompt provided" }),
  badRequest: (details: string) =>
    new GatewayError(400, "invalid_request", "The request is not valid", { details }),
  invalidJson: (details: string) =>
    new GatewayError(400, "invalid_json", "The request body is not valid JSON", { details }),
  invalidPrompt: (details: string) =>
    new GatewayError(400, "invalid_prompt", "The prompt is not a ComfyUI API graph", { details }),
  tooLarge: (bytes: number) =>
    new GatewayError(413, "too_large", "The request is too large", {
      details: `At most ${bytes} bytes are accepted.`,
      ...closing,
    }),
  tooSlow: (ms: number) =>
    new GatewayError(408, "too_slow", "The request took too long to arrive", {
      details: `It has to be here within ${ms / 1000} seconds; try again over a better connection.`,
      ...closing,
    }),
  tooManyPrompts: () =>
    new GatewayError(503, "too_many_prompts", "Too many large prompts arrive at once", {
      details: "Nothing was queued; try again in a few seconds.",
      headers: { "retry-after": "5", connection: "close" },
    }),
  uploadQuota: (details: string) =>
    new GatewayError(413, "upload_quota", "Your upload space is full", { details }),
  unsupportedMediaType: () =>
    new GatewayError(415, "unsupported_media_type", "The content type is not accepted here"),
  notFound: (what: string) => new GatewayError(404, "not_found", `${what} not found`),
  rangeNotSatisfiable: (size: number) =>
    new GatewayError(416, "range_not_satisfiable", "The file is shorter than the asked range", {
      headers: { "content-range": `bytes */${size}` },
    }),
  // ── the queue ──
  promptIdTaken: () =>
    new GatewayError(409, "prompt_id_taken", "This prompt_id is in use", {
      details: "Send another prompt_id, or none.",
    }),
  queueFull: ({ message, scope, limit, position, retryAfterSeconds }: QueueFullError) =>
    new GatewayError(429, "queue_full", "The queue is full", {
      details: message,
      extraInfo: { scope, limit, position, retry_after_seconds: retryAfterSeconds },
      ...retryAfter(retryAfterSeconds),
    }),
  queuePaused: () =>
    new GatewayError(503, "queue_paused", "The queue is paused by the host", {
      details: "Nothing is lost; try again in a moment.",
      ...retryAfter(15),
    }),
  queueClosed: (announcement: string) =>
    new GatewayError(503, "queue_closed", "The workshop has ended: no more jobs are taken", {
      details: announcement || "What you have made is still here: save your workflow.",
    }),
  wrongState: (details: string) =>
    new GatewayError(409, "wrong_state", "The job is not in a state that allows this", { details }),
  wrongPolicy: (details: string) =>
    new GatewayError(409, "wrong_policy", "The queue's policy does not allow this", { details }),
  queueUnavailable: () =>
    new GatewayError(503, "queue_unavailable", "The queue is not reachable at the moment", {
      details: "Your work in this tab is safe; try again in a few seconds.",
      ...retryAfter(5),
    }),
  noWorker: () =>
    new GatewayError(503, "no_worker", "No GPU worker has started yet", {
      details: "The list of nodes comes from a worker; try again when one is up.",
      ...retryAfter(10),
    }),
  tooManyEventStreams: (limit: number) =>
    new GatewayError(429, "too_many_event_streams", "Too many event streams are open", {
      details: `At most ${limit} are served at once; close one and try again.`,
      ...retryAfter(10),
    }),
  // ── workers ──
  leaseLost: () =>
    new GatewayError(409, "lease_lost", "This attempt does not hold the job", {
      details: "The job was cancelled, has ended, or was given to a newer attempt.",
    }),
  checksumMismatch: (details: string) =>
    new GatewayError(422, "checksum_mismatch", "The file did not arrive whole; nothing was kept", {
      details,
    }),
  // ── everything else ──
  frontendUnavailable: () =>
    new GatewayError(502, "frontend_unavailable", "Your ComfyUI page is not reachable right now", {
      details: "It is probably starting again; reload in half a minute.",
      ...retryAfter(15),
    }),
  internal: () =>
    new GatewayError(500, "internal_error", "Something went wrong on the server", {
      details: "It was logged; tell the host if it happens again.",
    }),
};
