/** Everything that can go wrong with a call, as one sentence and what to do about it. */

export interface VerdaFault {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The API's own code, or `no_answer`, `strange_answer`, `not_configured`. */
  readonly code: string;
  /** What the API said, or what happened. */
  readonly reason: string;
  /** The call, such as `POST /instances`. */
  readonly call: string;
  /** True when the call may have had its effect although no good answer came. */
  readonly ambiguous?: boolean;
}

export class VerdaError extends Error {
  override readonly name = "VerdaError";
  readonly status: number;
  readonly code: string;
  readonly reason: string;
  readonly call: string;
  readonly ambiguous: boolean;

  constructor({ status, code, reason, call, ambiguous = false }: VerdaFault) {
    const cure = cureOf(status, code, reason);
    const number = status === 0 ? code : `${status} ${code}`;
    super(`Verda, ${call}: ${reason.replace(/[.\s]+$/, "")} (${number}).${cure && ` ${cure}`}`);
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.call = call;
    this.ambiguous = ambiguous;
  }
}

/** True when the API says that the thing of this id does not exist (404, or 400 by older forms). */
export function isGone(error: unknown): boolean {
  if (!(error instanceof VerdaError)) return false;
  if (error.status === 404) return true;
  return error.status === 400 && /invalid .*\bid\b|not found|does not exist/i.test(error.reason);
}

/** True when the type asked for can't be had at this location now. */
export function isNoCapacity(error: unknown): boolean {
  return (
    error instanceof VerdaError &&
    (error.code === "no_capacity" || /capacity|not available/i.test(error.reason)) &&
    [400, 409, 503].includes(error.status)
  );
}

function cureOf(status: number, code: string, reason: string): string {
  if (code === "no_answer") return "Check the network and VERDA_BASE_URL, then run it again.";
  if (code === "strange_answer") return "Check that VERDA_BASE_URL is Verda's API, with /v1.";
  if (code === "not_configured") return "";
  if (/limit exceeded|quota/i.test(reason)) return "Delete what is unused, or ask Verda for more.";
  if (/capacity/i.test(reason)) return "Name another location or instance type, or try later.";
  switch (status) {
    case 401:
      return "Check VERDA_CLIENT_ID and VERDA_CLIENT_SECRET: credentials are made in Verda's console under Keys.";
    case 402:
      return "Add money to the Verda account.";
    case 403:
      return "Make credentials with a wider scope, or change what is asked for.";
    case 429:
      return "Wait a minute: an account has 500 requests a minute.";
    default:
      return status >= 500 ? "That is Verda's own fault: try again later." : "";
  }
}
