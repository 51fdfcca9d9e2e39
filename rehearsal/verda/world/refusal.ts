/** What the API answers instead of doing something: an HTTP status, a code and a message. */

/** Error codes of the API's error bodies. */
export type RefusalCode =
  | "invalid_request"
  | "unauthorized_request"
  | "insufficient_funds"
  | "forbidden_action"
  | "not_found"
  | "conflict"
  | "rate_limit_exceeded"
  | "server_error"
  | "service_unavailable";

export class Refusal extends Error {
  readonly status: number;
  readonly code: RefusalCode;

  constructor(status: number, code: RefusalCode, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
  }
}

export const invalid = (message: string): Refusal => new Refusal(400, "invalid_request", message);
export const unauthorized = (message: string): Refusal =>
  new Refusal(401, "unauthorized_request", message);
export const insufficientFunds = (): Refusal =>
  new Refusal(402, "insufficient_funds", "Insufficient funds");
export const forbidden = (message: string): Refusal =>
  new Refusal(403, "forbidden_action", message);
export const notFound = (message: string): Refusal => new Refusal(404, "not_found", message);
export const conflict = (message: string): Refusal => new Refusal(409, "conflict", message);
export const noCapacity = (): Refusal =>
  new Refusal(503, "service_unavailable", "No capacity available");
