/**
 * The invariant checker of rehearsals: no accepted job is lost, none ends twice, each picture is its
 * owner's and lies once in their outputs. It counts by Redis' own keys and streams, by the host's
 * listing of files, and by what the participants received; nothing of the queue's code is asked.
 */
import type { JobRecord } from "../participants/index.ts";
import { checkInvariants, type CheckOptions } from "./check.ts";
import type { Facts } from "./facts.ts";
import { readOutputs, type GatewayAddress } from "./outputs.ts";
import { RedisWatch, type RedisAddress } from "./redis-watch.ts";

export { checkInvariants, type CheckOptions } from "./check.ts";
export { factsSchema, type Facts } from "./facts.ts";
export { redisOfProcess } from "./redis-of-process.ts";
export { redisAddressSchema, type RedisAddress } from "./redis-watch.ts";
export type { GatewayAddress } from "./outputs.ts";

export interface InvariantWatchOptions {
  /** As the queue manager reaches it. */
  readonly redis: RedisAddress;
  readonly gateway: GatewayAddress;
  /** Participants whose jobs are watched. */
  readonly users: readonly string[];
}

export class InvariantWatch {
  readonly #redis: RedisWatch;
  readonly #options: InvariantWatchOptions;

  private constructor(redis: RedisWatch, options: InvariantWatchOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  /** Counts from now on: start it before anybody submits. */
  static async start(options: InvariantWatchOptions): Promise<InvariantWatch> {
    return new InvariantWatch(await RedisWatch.start(options.redis, options.users), options);
  }

  async facts(): Promise<Facts> {
    const { gateway, users } = this.#options;
    return { ...(await this.#redis.read()), outputs: await readOutputs(gateway, users) };
  }

  /**
   * Call it once all jobs have ended.
   *
   * @param records of all runs since the start
   * @returns every violation as a sentence; none = all is well
   */
  async violations(
    records: readonly JobRecord[],
    options?: CheckOptions,
  ): Promise<readonly string[]> {
    return checkInvariants(records, await this.facts(), options);
  }

  close(): void {
    this.#redis.close();
  }
}
