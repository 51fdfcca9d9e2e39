/** Pub/sub over one connection: handlers per channel, and a signal after each reconnect. */
import type { Redis } from "ioredis";
import { connectForMessages, type RedisAddress } from "./connection.ts";
import { toQueueError } from "./errors.ts";

type Handler = (message: Buffer) => void;

interface Channel {
  readonly handlers: Set<Handler>;
  /** Settles with Redis' confirmation, so that a second listener does not run ahead of the first. */
  readonly subscribed: Promise<unknown>;
}

export class Channels {
  readonly #redis: Redis;
  readonly #channels = new Map<string, Channel>();
  readonly #onReconnect = new Set<() => void>();

  private constructor(redis: Redis) {
    this.#redis = redis;
    redis.on("messageBuffer", (name: Buffer, message: Buffer) => {
      for (const handler of this.#channels.get(name.toString("utf8"))?.handlers ?? []) {
        handler(message);
      }
    });
    redis.on("ready", () => void this.#subscribeAgain());
  }

  static async connect(address: RedisAddress): Promise<Channels> {
    return new Channels(await connectForMessages(address));
  }

  /**
   * Resolves once Redis has confirmed: nothing said on the channel after that is missed.
   * @throws RedisUnavailableError when Redis is away; nothing is kept of the attempt
   */
  async listen(name: string, handler: Handler): Promise<void> {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = { handlers: new Set(), subscribed: this.#redis.subscribe(name) };
      this.#channels.set(name, channel);
    }
    channel.handlers.add(handler);
    try {
      await channel.subscribed;
    } catch (error) {
      channel.handlers.delete(handler);
      if (channel.handlers.size === 0 && this.#channels.get(name) === channel) {
        this.#channels.delete(name);
      }
      throw toQueueError(error);
    }
  }

  async ignore(name: string, handler: Handler): Promise<void> {
    const channel = this.#channels.get(name);
    if (!channel?.handlers.delete(handler) || channel.handlers.size > 0) return;
    this.#channels.delete(name);
    // Without a connection there is nothing to take back: only what is in the map is subscribed again.
    await this.#redis.unsubscribe(name).catch(() => undefined);
  }

  /** Called after Redis was away and has confirmed every channel again. Returns how to stop it. */
  onReconnect(handler: () => void): () => void {
    this.#onReconnect.add(handler);
    return () => this.#onReconnect.delete(handler);
  }

  close(): void {
    this.#redis.disconnect();
  }

  /**
   * By hand, because ioredis says "ready" before its own resubscription is confirmed: whoever caught
   * up on that word could miss what was said in between.
   */
  async #subscribeAgain(): Promise<void> {
    const names = [...this.#channels.keys()];
    try {
      if (names.length > 0) await this.#redis.subscribe(...names);
    } catch {
      this.#redis.disconnect(true);
      return;
    }
    for (const handler of [...this.#onReconnect]) handler();
  }
}
