/**
 * One listener of `GET /api/v1/events`: the events of some users, as Server-Sent Events. Sending
 * never waits and never piles up: a listener that is slow is cut off, and comes back with
 * `Last-Event-ID`, as EventSource does by itself.
 */
import { once } from "node:events";
import type { Transform } from "node:stream";
import {
  compareEventIds,
  type QueueContract,
  type StateEvent,
  type UserEvent,
  type UserId,
} from "@comfymulti/queue";
import type { FastifyReply } from "fastify";

/** Unsent bytes beyond which a listener is cut off. */
const BUFFER_BYTES = 1024 * 1024;
/** Live events that may wait while the stored ones are told; beyond, the listener is cut off. */
const HELD_EVENTS = 10_000;

export interface EventStreamOptions {
  readonly users: readonly UserId[];
  /** Messages of nodes too. They are told live only. */
  readonly messages: boolean;
  /** Stream id up to which the listener knows everything; undefined: only what comes from now on. */
  readonly lastEventId: string | undefined;
}

interface Heard {
  readonly user: UserId;
  readonly event: UserEvent;
  /** Absent on progress, which is not stored. */
  readonly id: string | undefined;
}

export class EventStream {
  readonly #queue: QueueContract;
  readonly #reply: FastifyReply;
  readonly #options: EventStreamOptions;
  readonly #closed = new AbortController();
  /** Turns events into text, and writes it without waiting for the listener. */
  readonly #writer: Transform;
  /** Live events behind the stored ones; undefined once those are told. */
  #held: Heard[] | undefined = [];

  constructor(queue: QueueContract, reply: FastifyReply, options: EventStreamOptions) {
    this.#queue = queue;
    this.#reply = reply;
    this.#options = options;
    reply.sse.onClose(() => this.#closed.abort());
    this.#writer = reply.sse.stream() as Transform;
    this.#writer.on("data", (text: string) => void reply.raw.write(text));
  }

  /**
   * Begins to listen, and tells what was missed. Returns then; the stream ends with its connection.
   * Whatever it throws comes before the first byte, and is answered like any other refusal.
   *
   * @throws RedisUnavailableError
   */
  async start(): Promise<void> {
    const { users, messages, lastEventId } = this.#options;
    const subscription = await this.#queue.subscribe({
      onEvent: (user, event, id) => {
        if (messages || event.kind === "state") this.#hear({ user, event, id });
      },
      onPreview: () => undefined,
    });
    const stop = () =>
      void subscription.close().catch((error: unknown) => {
        this.#reply.log.debug({ err: error }, "an event stream could not be put away in Redis");
      });
    let missed: readonly Heard[] = [];
    try {
      await Promise.all(users.map((user) => subscription.add(user)));
      if (lastEventId !== undefined) missed = await this.#stored(lastEventId);
    } catch (error) {
      stop();
      throw error;
    }
    if (this.#closed.signal.aborted) return stop();
    this.#closed.signal.addEventListener("abort", stop);
    this.#reply.sse.keepAlive();
    this.#reply.sse.sendHeaders();
    this.#reply.raw.flushHeaders();
    await this.#catchUp(missed);
  }

  /**
   * Changes of state that this id does not cover, oldest first. Two users' events may have the same
   * id, so those of its millisecond are told once more. Messages of the past are of no use, and many.
   * Ids compare between users, since Redis gives them from one clock.
   */
  async #stored(lastEventId: string): Promise<Heard[]> {
    const found: Heard[] = [];
    for (const user of this.#options.users) {
      for (const { id, event } of await this.#queue.eventsSince(user, justBefore(lastEventId))) {
        if (event.kind === "state") found.push({ user, event, id });
      }
    }
    return found.sort((a, b) => compareEventIds(a.id ?? "", b.id ?? ""));
  }

  /** Tells the stored ones at the listener's pace, then what was heard meanwhile and is newer. */
  async #catchUp(missed: readonly Heard[]): Promise<void> {
    const told = new Map<UserId, string>();
    for (const heard of missed) {
      if (!(await this.#hasRoom())) return;
      this.#send(heard);
      if (heard.id !== undefined) told.set(heard.user, heard.id);
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const heard of held) {
      const newest = told.get(heard.user);
      const isOld =
        newest !== undefined && heard.id !== undefined && compareEventIds(heard.id, newest) <= 0;
      if (!isOld) this.#send(heard);
    }
  }

  /** Waits until the listener has taken what was written; false when it left instead. */
  async #hasRoom(): Promise<boolean> {
    const { raw } = this.#reply;
    const { signal } = this.#closed;
    if (raw.writableNeedDrain) await once(raw, "drain", { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  #hear(heard: Heard): void {
    if (!this.#held) this.#send(heard);
    else if (this.#held.push(heard) > HELD_EVENTS) this.#reply.raw.destroy();
  }

  #send({ user, event, id }: Heard): void {
    if (!this.#reply.sse.isConnected) return;
    if (this.#reply.raw.writableLength > BUFFER_BYTES) {
      this.#reply.log.info("an event stream was cut off: its listener is too slow");
      this.#reply.raw.destroy();
      return;
    }
    const name = event.kind === "state" ? event.reason : "message";
    const data = event.kind === "state" ? stateData(user, event) : { user, ...messageData(event) };
    this.#writer.write({ event: name, data, ...(id !== undefined && { id }) });
  }
}

/** Never the client's id: who knows it can listen in on the participant's browser. */
const stateData = (user: UserId, event: StateEvent) => ({
  user,
  job: event.job,
  state: event.state,
  ...(event.from && { from: event.from }),
  attempt: event.attempt,
  remaining: event.remaining,
  at: event.at,
});

const messageData = ({ job, attempt, message }: Extract<UserEvent, { kind: "message" }>) => ({
  job,
  attempt,
  type: message.type,
  data: message.data,
});

/** The largest id of the millisecond before. */
function justBefore(id: string): string {
  const ms = Number(id.split("-")[0]);
  return ms === 0 ? "0-0" : `${ms - 1}-${2n ** 64n - 1n}`;
}
