/** What the queue refuses, and why. Scripts answer with a code; this is the one place that knows them. */

/** Base of everything that the queue throws on purpose. */
export abstract class QueueError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The queue, or this user's share of it, has no place left. */
export class QueueFullError extends QueueError {
  readonly scope: "depth" | "user";
  readonly limit: number;
  /** When a place is likely free: the longest running job's estimated end. */
  readonly retryAfterSeconds: number;

  constructor(scope: "depth" | "user", limit: number, retryAfterSeconds: number) {
    super(
      scope === "depth"
        ? `The queue is full: ${limit} jobs are waiting. A place should be free in about ${retryAfterSeconds} s.`
        : `You have ${limit} jobs waiting, which is the most for one participant. Your next place should be free in about ${retryAfterSeconds} s; cancelling one of your jobs frees one now.`,
    );
    this.scope = scope;
    this.limit = limit;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class QueuePausedError extends QueueError {
  constructor() {
    super("The host has paused the queue. Jobs that wait are kept; try again when it is resumed.");
  }
}

/** The id belongs to another user's job. Does not say whose. */
export class JobIdTakenError extends QueueError {
  constructor() {
    super("This prompt_id is taken: leave it out, or choose a fresh UUID.");
  }
}

export class JobNotFoundError extends QueueError {
  constructor() {
    super("There is no such job.");
  }
}

/** The job is in a state in which this can't be done. */
export class WrongStateError extends QueueError {
  readonly state: string;

  constructor(state: string) {
    super(`The job is ${state} already.`);
    this.state = state;
  }
}

/** The claim no longer stands: expired and given on, cancelled, or ended. */
export class LeaseLostError extends QueueError {
  constructor(reason: string) {
    super(`The lease on this job is lost: ${reason}.`);
  }
}

/** Redis does not answer, or not in time, or can't take a write. Nothing was lost; try again. */
export class RedisUnavailableError extends QueueError {
  constructor(cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`Redis is not available (${text}).`, { cause });
  }
}

/** Redis would acknowledge jobs before they are on disk. */
export class RedisNotDurableError extends QueueError {
  constructor(found: string) {
    super(
      `Redis must run with "appendonly yes" and "appendfsync always", or accepted jobs are lost in a crash; it has ${found}. Change its configuration and start again.`,
    );
  }
}

/** Answers of a Redis that is there and can't serve: starting, its disk or memory full, a replica. */
const CANNOT_SERVE = ["LOADING", "MISCONF", "OOM", "READONLY", "BUSY", "CLUSTERDOWN"];

/** A command that Redis did not understand is a fault of ours; an unreachable Redis is not. */
const isOurFault = (error: unknown, code: string): error is Error =>
  error instanceof Error && error.name === "ReplyError" && !CANNOT_SERVE.includes(code);

/** An error that Redis or a script answered, as one of ours. */
export function toQueueError(error: unknown): Error {
  if (error instanceof QueueError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [code = "", ...words] = message.split(" ");
  const text = words.join(" ");
  switch (code) {
    case "ID_TAKEN":
      return new JobIdTakenError();
    case "PAUSED":
      return new QueuePausedError();
    case "QUEUE_FULL":
      return new QueueFullError(
        words[0] === "user" ? "user" : "depth",
        Number(words[1]),
        Number(words[2]),
      );
    case "LEASE_LOST":
      return new LeaseLostError(text);
    case "NOT_FOUND":
      return new JobNotFoundError();
    case "WRONG_STATE":
      return new WrongStateError(text);
    default:
      return isOurFault(error, code) ? error : new RedisUnavailableError(error);
  }
}
