/**
 * A gateway's view of its users' events: live over pub/sub, and from the stored stream for the time
 * that Redis was out of reach, so that nothing stored is missed or told twice.
 */
import type { Channels } from "./channels.ts";
import type { EventHandlers, Subscription } from "./contract.ts";
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
  readonly onEvent: (message: Buffer) => void;
  readonly onPreview: (message: Buffer) => void;
}

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
    this.#stopCatchingUp = channels.onReconnect(() => void this.#catchUp());
  }

  async add(user: UserId): Promise<void> {
    if (this.#listeners.has(user)) return;
    const listener: Listener = {
      newestId: "0-0",
      onEvent: (message) => this.#hear(user, listener, message),
      onPreview: (message) => this.#handlers.onPreview(user, decodePreview(message)),
    };
    this.#listeners.set(user, listener);
    await this.#channels.listen(this.#keys.of("events", user), listener.onEvent);
    await this.#channels.listen(this.#keys.of("previews", user), listener.onPreview);
    const newest = await this.#source.newestEventId(user);
    if (isNewer(newest, listener.newestId)) listener.newestId = newest;
  }

  async remove(user: UserId): Promise<void> {
    const listener = this.#listeners.get(user);
    if (!listener) return;
    this.#listeners.delete(user);
    await this.#channels.ignore(this.#keys.of("events", user), listener.onEvent);
    await this.#channels.ignore(this.#keys.of("previews", user), listener.onPreview);
  }

  async close(): Promise<void> {
    this.#stopCatchingUp();
    for (const user of [...this.#listeners.keys()]) await this.remove(user);
  }

  /** A message is "<stream id or -> <json>". */
  #hear(user: UserId, listener: Listener, message: Buffer): void {
    const space = message.indexOf(" ");
    const id = message.toString("utf8", 0, space);
    const event = userEventSchema.parse(JSON.parse(message.toString("utf8", space + 1)));
    if (id === "-") this.#handlers.onEvent(user, event, undefined);
    else this.#tell(user, listener, id, event);
  }

  #tell(user: UserId, listener: Listener, id: string, event: UserEvent): void {
    if (!isNewer(id, listener.newestId)) return;
    listener.newestId = id;
    this.#handlers.onEvent(user, event, id);
  }

  async #catchUp(): Promise<void> {
    for (const [user, listener] of this.#listeners) {
      try {
        const missed = await this.#source.eventsSince(user, listener.newestId);
        for (const { id, event } of missed) this.#tell(user, listener, id, event);
      } catch {
        // Redis went away again: the next reconnect catches up from the same place.
      }
    }
  }
}

/** Stream ids are `<ms>-<number>`. */
function isNewer(id: string, than: string): boolean {
  const [ms = 0, number = 0] = id.split("-").map(Number);
  const [thanMs = 0, thanNumber = 0] = than.split("-").map(Number);
  return ms > thanMs || (ms === thanMs && number > thanNumber);
}
