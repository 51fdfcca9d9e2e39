/** Plain reads of Redis, their errors as the queue's own. */
import type { Redis } from "ioredis";
import { toQueueError } from "./errors.ts";

export class Reads {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** @throws RedisUnavailableError */
  async of<Value>(command: (redis: Redis) => Promise<Value>): Promise<Value> {
    try {
      return await command(this.#redis);
    } catch (error) {
      throw toQueueError(error);
    }
  }

  async text(key: string): Promise<string | undefined> {
    return (await this.of((redis) => redis.get(key))) ?? undefined;
  }

  async bytes(key: string): Promise<Buffer | undefined> {
    return (await this.of((redis) => redis.getBuffer(key))) ?? undefined;
  }
}
