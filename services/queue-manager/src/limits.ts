/** Bounds on what the gateway takes in and holds; each in one place, so that the API can show them. */
import { availableParallelism } from "node:os";

/** Largest `POST prompt` body, bytes: a big subgraph workflow is 2 MB; inline images are the rest. */
export const PROMPT_BODY_BYTES = 32 * 1024 * 1024;
/** Prompts up to this size are judged where they arrive; larger ones in a thread, bytes. */
export const INLINE_PROMPT_BYTES = 32 * 1024;
/**
 * Threads that judge large prompts. One keeps up with what a disk takes of 500 KB graphs (about 55 a
 * second on two cores); a second one is for machines on which it takes no core from Redis.
 */
export const PROMPT_THREADS = availableParallelism() > 2 ? 2 : 1;
/** Prompt bodies that may be on their way or being judged at once, bytes: of all users, of one. */
export const PROMPTS_IN_FLIGHT = { all: 256 * 1024 * 1024, user: 64 * 1024 * 1024 };
/** Largest body of every other JSON route, bytes. */
export const JSON_BODY_BYTES = 1024 * 1024;
/** Deepest nesting of a JSON body. Real workflows stay under 20; recursive code stays safe here. */
export const JSON_DEPTH = 128;
/** Most nodes of a graph; the largest that people share have some two thousand. */
export const GRAPH_NODES = 20_000;
/** Faulty nodes that a refusal names, and characters of its details: an editor shows one screen. */
export const REFUSAL = { nodes: 200, details: 20_000 };
/** Largest uploaded file, bytes: what ComfyUI announces as max_upload_size. */
export const UPLOAD_BYTES = 100 * 1024 * 1024;
/** Pixels of a picture that previews and masks are made of: 8192 × 8192. */
export const PICTURE_PIXELS = 8192 ** 2;
/** Largest output file that a worker may deliver, bytes: minutes of video. */
export const OUTPUT_BYTES = 4 * 1024 * 1024 * 1024;
/** Largest body passed on to a user's frontend (userdata), bytes. */
export const PROXY_BODY_BYTES = 100 * 1024 * 1024;

/** Jobs in one history or jobs answer. */
export const LIST_JOBS = 1000;
/**
 * Bytes of graphs that a queue or history listing carries; jobs beyond it are listed without their
 * graph, which `/api/jobs/{id}` has. The frontend asks again after every status message.
 */
export const LIST_PAYLOAD_BYTES = 64 * 1024;

/** How long the service waits for a client, ms. */
export interface Patience {
  /** All of a request's headers, and the first byte of a connection. */
  readonly headersMs: number;
  /** A JSON body, from its first byte to its last. */
  readonly bodyMs: number;
  /** A request as a whole: an upload of the largest file over a slow line. */
  readonly requestMs: number;
  /** Silence on a connection that is no WebSocket. */
  readonly silenceMs: number;
}

export const patience: Patience = {
  headersMs: 15_000,
  bodyMs: 60_000,
  requestMs: 30 * 60_000,
  silenceMs: 120_000,
};

/** WebSockets of one user at a time. */
export const SOCKETS_PER_USER = 32;
/** Largest message from a browser, bytes: it sends feature flags only. */
export const SOCKET_MESSAGE_BYTES = 64 * 1024;
/** Unsent bytes of a socket beyond which previews, then progress are dropped, then it is closed. */
export const SOCKET_BUFFER = {
  previews: 1024 * 1024,
  progress: 4 * 1024 * 1024,
  close: 16 * 1024 * 1024,
};
/** Ping interval, ms; a socket that leaves one ping unanswered is ended at the next. */
export const SOCKET_PING_MS = 20_000;

/** Refused credentials from one address in a minute, beyond which the answer is 429. */
export const FAILED_LOGINS_PER_MINUTE = 30;
/** Pause between two looks at the queue for `/health`, ms. */
export const HEALTH_REFRESH_MS = 500;
/** Age of the last good look beyond which the queue counts as away, ms. */
export const HEALTH_STALE_MS = 2000;
/** Pause between two sweeps for expired leases, ms. */
export const LEASE_SWEEP_MS = 1000;
/** Pause between two sweeps for what is too old to be kept, ms. */
export const FORGET_SWEEP_MS = 60_000;
/** Age at which a file that was never received whole is removed at start, ms. */
export const PARTIAL_FILE_MS = 3600_000;
