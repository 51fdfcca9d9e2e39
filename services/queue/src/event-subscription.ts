/**
 * A gateway's view of its users' events: live over pub/sub, and from the stored stream for the time
 * that Redis was out of reach, so that nothing stored is missed or told twice.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Channels } from "./channels.ts";
import type { EventHandlers, Subscription } from "./contract.ts";
import { compareEventIds } from "./event-id.ts";
import type { QueueKeys } from "./keys.ts";
import { decodePreview } from "./previews.ts";
import { userEventSchema, type UserEvent, type UserId } from "./protocol.ts";

export interface EventSource {
  eventsSince(user: UserId, id: string): Promise<readonly { id: string; event: UserEvent }[]>;
  /** Id of the newest stored event, `0-0` when there is none. */
  newestEventId(user: UserId): Promise<string>;
}

interface Listener {
  newestId: string;
  /** Resolves once nothing stored is missed any more. */
  standing: Promise<void>;
  /** Live events that wait, so as not to overtake the missed ones; undefined while nothing is caught up. */
  held: { id: string; event: UserEvent }[] | undefined;
  /** The connection was lost again while the missed events were fetched. */
  stale: boolean;
  readonly onEvent: (message: Buffer) => void;
  readonly onPreview: (message: Buffer) => void;
}

/** Between tries to fetch what was missed, ms: the command connection may come back later. */
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export class EventSubscription implements Subscription {
  readonly #channels: Channels;
  readonly #keys: QueueKeys;
  readonly #source: EventSource;
  readonly #handlers: EventHandlers;
  readonly #listeners = new Map<UserId, Listener>();
  readonly #stopCatchingUp: () => void;

  constructor(channels: Channels, keys: QueueKeys, source: EventSource, handlers: EventHandlers) {
    this.#channels = channels;
    this.#keys = keys;
    this.#source = source;
    this.#handlers = handlers;
    this.#stopCatchingUp = channels.onReconnect(() => {
      for (const [user, listener] of this.#listeners) void this.#catchUp(user, listener);
    });
  }

  async add(user: UserId): Promise<void> {
    let listener = this.#listeners.get(user);
    if (!listener) {
      listener = this.#newListener(user);
      this.#listeners.set(user, listener);
      listener.standing = this.#open(user, listener);
    }
    try {
      await listener.standing;
    } catch (error) {
      if (this.#listeners.get(user) === listener) await this.remove(user);
      throw error;
    }
  }

  async remove(user: UserId): Promise<void> {
    const listener = this.#listeners.get(user);
    if (!listener) return;
    this.#listeners.delete(user);
    await listener.standing.catch(() => undefined);
    await this.#channels.ignore(this.#keys.of("events", user), listener.onEvent);
    await this.#channels.ignore(this.#keys.of("previews", user), listener.onPreview);
  }

  async close(): Promise<void> {
    this.#stopCatchingUp();
    for (const user of [...this.#listeners.keys()]) await this.remove(user);
  }

  #newListener(user: UserId): Listener {
    const listener: Listener = {
      newestId: "0-0",
      standing: Promise.resolve(),
      held: undefined,
      stale: false,
      onEvent: (message) => this.#hear(user, listener, message),
      onPreview: (message) => this.#handlers.onPreview(user, decodePreview(message)),
    };
    return listener;
  }

  /** The starting point is read before listening begins, so an event in between is fetched. */
  async #open(user: UserId, listener: Listener): Promise<void> {
    listener.newestId = await this.#source.newestEventId(user);
    listener.held = [];
    try {
      await this.#channels.listen(this.#keys.of("events", user), listener.onEvent);
      await this.#channels.listen(this.#keys.of("previews", user), listener.onPreview);
      await this.#fetchMissed(user, listener);
    } finally {
      listener.held = undefined;
    }
    if (listener.stale) await this.#catchUp(user, listener);
  }

  /** A message is "<stream id or -> <json>". */
  #hear(user: UserId, listener: Listener, message: Buffer): void {
    const space = message.indexOf(" ");
    const id = message.toString("utf8", 0, space);
    const event = parseUserEvent(message.toString("utf8", space + 1));
    if (!event) return;
    if (id === "-") this.#handlers.onEvent(user, event, undefined);
    else if (listener.held) listener.held.push({ id, event });
    else this.#tell(user, listener, id, event);
  }

  #tell(user: UserId, listener: Listener, id: string, event: UserEvent): void {
    if (compareEventIds(id, listener.newestId) <= 0) return;
    listener.newestId = id;
    this.#handlers.onEvent(user, event, id);
  }

  /** Tells what was stored since the newest event told, then what was heard meanwhile. */
  async #fetchMissed(user: UserId, listener: Listener): Promise<void> {
    const missed = await this.#source.eventsSince(user, listener.newestId);
    for (const { id, event } of missed) this.#tell(user, listener, id, event);
    if (listener.stale) return;
    for (const { id, event } of listener.held ?? []) this.#tell(user, listener, id, event);
  }

  async #catchUp(user: UserId, listener: Listener): Promise<void> {
    listener.stale = true;
    // Whoever fetches at this moment sees the mark and fetches again.
    if (listener.held) return;
    let wait = SHORTEST_PAUSE_MS;
    while (listener.stale && this.#listeners.get(user) === listener) {
      listener.stale = false;
      listener.held = [];
      try {
        await this.#fetchMissed(user, listener);
      } catch {
        listener.stale = true;
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
      }
    }
    listener.held = undefined;
  }
}

/** Undefined for what this version does not know: one odd event must not end the listener. */
export function parseUserEvent(json: string): UserEvent | undefined {
  return userEventSchema.safeParse(JSON.parse(json)).data;
}
