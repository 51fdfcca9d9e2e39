/** What can be made to go wrong on purpose. */
import { z } from "zod";

/**
 * - `error-500`, `error-503`: refused before any effect
 * - `error-after-effect`: the effect happens, the answer is a 500
 * - `time-out-after-effect`: the effect happens, no answer comes; the connection ends after `delayMs` (60 s)
 * - `reset`: the connection ends before any effect
 * - `reset-after-effect`: the effect happens, the connection ends without an answer
 * - `slow`: as usual, `delayMs` (3 s) later
 * - `rate-limited`: 429 with `Retry-After` of `delayMs` (1 s), rounded up to seconds
 * - `unauthorized`: 401, as when a token was revoked
 * - `bad-gateway`: a proxy's 502 in HTML
 * - `not-found-after-delete`: a GET by id of an ended instance or deleted volume answers 404 instead of the record
 * - `no-capacity`, `installation-failed`, `error-status`: the instance that a POST orders ends in `no_capacity`,
 *   `installation_failed` or `error`
 * - `unhealthy`: the deployment that a request creates or changes ends in `unhealthy`
 */
export const faultKindSchema = z.enum([
  "error-500",
  "error-503",
  "error-after-effect",
  "time-out-after-effect",
  "reset",
  "reset-after-effect",
  "slow",
  "rate-limited",
  "unauthorized",
  "bad-gateway",
  "not-found-after-delete",
  "no-capacity",
  "installation-failed",
  "error-status",
  "unhealthy",
]);

export const faultSchema = z.strictObject({
  /** HTTP method; `*` for every one. */
  method: z.string().regex(/^(\*|[A-Z]+)$/, "give a method such as POST, or *"),
  /** Path after `/v1`, whole (`/instances`), or an expression that it must match. */
  path: z.union([z.string().startsWith("/").max(500), z.instanceof(RegExp)]),
  kind: faultKindSchema,
  /** How many requests it meets. */
  times: z.number().int().positive().max(1_000_000).default(1),
  /** See the kinds. */
  delayMs: z.number().int().nonnegative().max(600_000).optional(),
});

export type FaultKind = z.output<typeof faultKindSchema>;
/** A fault as it is injected. */
export type Fault = z.input<typeof faultSchema>;
export type ParsedFault = z.output<typeof faultSchema>;
