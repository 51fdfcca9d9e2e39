/** What the queue refuses, and why. Scripts answer with a code; this is the one place that knows them. */

/** Base of everything that the queue throws on purpose. */
export abstract class QueueError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What is full: places in all, bytes of waiting graphs in all, or this user's places. */
export type FullScope = "depth" | "bytes" | "user";

const fullMessages: Readonly<Record<FullScope, (limit: number, seconds: number) => string>> = {
  depth: (limit, seconds) =>
    `The queue is full: ${limit} jobs are waiting. A place should be free in about ${seconds} s.`,
  bytes: (limit, seconds) =>
    `The queue is full: the waiting graphs together take the most that is kept, ${Math.round(limit / 2 ** 20)} MiB. A place should be free in about ${seconds} s.`,
  user: (limit, seconds) =>
    `You have ${limit} jobs waiting, which is the most for one participant. Your next place should be free in about ${seconds} s; cancelling one of your jobs frees one now.`,
};

/** The queue, or this user's share of it, has no place left. */
export class QueueFullError extends QueueError {
  readonly scope: FullScope;
  readonly limit: number;
  /** When a place is likely free, from the estimated GPU seconds before it and the running workers. */
  readonly retryAfterSeconds: number;
  /** Jobs before the one whose start frees a place: the user's first, or the queue's (0). */
  readonly position: number;

  constructor(scope: FullScope, limit: number, retryAfterSeconds: number, position: number) {
    super(fullMessages[scope](limit, retryAfterSeconds));
    this.scope = scope;
    this.limit = limit;
    this.retryAfterSeconds = retryAfterSeconds;
    this.position = position;
  }
}

export class QueuePausedError extends QueueError {
  constructor() {
    super("The host has paused the queue. Jobs that wait are kept; try again when it is resumed.");
  }
}

/** Intake was closed for good: the workshop has ended. */
export class QueueClosedError extends QueueError {
  /** What the host has announced; empty when nothing is. */
  readonly announcement: string;

  constructor(announcement: string) {
    super("The host has closed the queue: no more jobs are taken.");
    this.announcement = announcement;
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

/** The queue's policy gives this order no meaning. */
export class WrongPolicyError extends QueueError {
  constructor(policy: string) {
    super(
      `Priorities count under the queue policy "priority" only; this queue is "${policy}". Move the job to the front instead.`,
    );
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

/** Redis would acknowledge jobs before they are on disk, or drop them when its memory is full. */
export class RedisNotDurableError extends QueueError {
  constructor(found: string) {
    super(
      `Redis must run with "appendonly yes", "appendfsync always" and "maxmemory-policy noeviction", or accepted jobs can be lost; it has ${found}. Change its configuration and start again.`,
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
    case "CLOSED":
      return new QueueClosedError(text);
    case "QUEUE_FULL":
      return new QueueFullError(
        words[0] as FullScope,
        Number(words[1]),
        Number(words[2]),
        Number(words[3]),
      );
    case "WRONG_POLICY":
      return new WrongPolicyError(text);
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
