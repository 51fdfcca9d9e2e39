/** Bounds on what the gateway takes in and holds; each in one place, so that the API can show them. */

/** Largest `POST prompt` body, bytes: a big subgraph workflow is 2 MB; inline images are the rest. */
export const PROMPT_BODY_BYTES = 32 * 1024 * 1024;
/** Largest body of every other JSON route, bytes. */
export const JSON_BODY_BYTES = 1024 * 1024;
/** Deepest nesting of a JSON body. Real workflows stay under 20; recursive code stays safe here. */
export const JSON_DEPTH = 128;
/** Largest uploaded file, bytes: what ComfyUI announces as max_upload_size. */
export const UPLOAD_BYTES = 100 * 1024 * 1024;
/** Largest output file that a worker may deliver, bytes: minutes of video. */
export const OUTPUT_BYTES = 4 * 1024 * 1024 * 1024;
/** Largest body passed on to a user's frontend (userdata), bytes. */
export const PROXY_BODY_BYTES = 100 * 1024 * 1024;

/** Jobs in one history or jobs answer. */
export const LIST_JOBS = 1000;
/**
 * Bytes of graphs that a queue or history listing carries; jobs beyond it are listed without their
 * graph, which `/history/{id}` has. The frontend asks again after every status message.
 */
export const LIST_PAYLOAD_BYTES = 256 * 1024;

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
/** How long `/health` waits for Redis, ms. */
export const HEALTH_TIMEOUT_MS = 1000;
/** Pause between two sweeps for expired leases, ms. */
export const LEASE_SWEEP_MS = 1000;
