/** Pub/sub over one connection: handlers per channel, and a signal after each reconnect. */
import type { Redis } from "ioredis";
import { connectForMessages, type RedisAddress } from "./connection.ts";

type Handler = (message: Buffer) => void;

export class Channels {
  readonly #redis: Redis;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #onReconnect = new Set<() => void>();

  private constructor(redis: Redis) {
    this.#redis = redis;
    redis.on("messageBuffer", (channel: Buffer, message: Buffer) => {
      for (const handler of this.#handlers.get(channel.toString("utf8")) ?? []) handler(message);
    });
    redis.on("ready", () => {
      for (const handler of this.#onReconnect) handler();
    });
  }

  static async connect(address: RedisAddress): Promise<Channels> {
    return new Channels(await connectForMessages(address));
  }

  /** Resolves once Redis has confirmed: nothing said on the channel after that is missed. */
  async listen(channel: string, handler: Handler): Promise<void> {
    const handlers = this.#handlers.get(channel);
    if (handlers) {
      handlers.add(handler);
      return;
    }
    this.#handlers.set(channel, new Set([handler]));
    await this.#redis.subscribe(channel);
  }

  async ignore(channel: string, handler: Handler): Promise<void> {
    const handlers = this.#handlers.get(channel);
    if (!handlers?.delete(handler) || handlers.size > 0) return;
    this.#handlers.delete(channel);
    await this.#redis.unsubscribe(channel);
  }

  /** Called after Redis was away and every channel is subscribed again. Returns how to stop it. */
  onReconnect(handler: () => void): () => void {
    this.#onReconnect.add(handler);
    return () => this.#onReconnect.delete(handler);
  }

  close(): void {
    this.#redis.disconnect();
  }
}
