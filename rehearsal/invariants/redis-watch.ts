/**
 * Reads the queue's keys with plain Redis commands, and follows the users' event streams from the
 * moment it is started: a stream keeps about a thousand events, a run may have more. The layout of the
 * keys is the one that services/queue/README.md describes; none of the queue's code is used.
 */
import { Redis } from "ioredis";
import { z } from "zod";
import { endStates, queuedJobSchema, stateChangeSchema, type Facts } from "./facts.ts";

/** How long one read of the streams waits for something new, ms. */
const BLOCK_MS = 500;
const EVENTS_PER_READ = 1000;

export const redisAddressSchema = z.strictObject({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(1).max(65_535),
  /** Default: Redis' own default user. */
  username: z.string().optional(),
  password: z.string().optional(),
  /** Between the braces of every key. */
  hashTag: z.string().default("cm"),
});
export type RedisAddress = z.input<typeof redisAddressSchema>;

type Change = Facts["changes"][number];

const states = ["pending", "running", ...endStates];

const eventSchema = z.object({ kind: z.string() });

export class RedisWatch {
  readonly #redis: Redis;
  /** Reads block: it has a connection of its own. */
  readonly #follower: Redis;
  readonly #root: string;
  readonly #users: readonly string[];
  readonly #changes: Change[] = [];
  /** Last stream id that was read, by user. */
  readonly #positions = new Map<string, string>();
  #closed = false;
  /** Why nothing is followed any more. */
  #fault: Error | undefined;

  private constructor(address: RedisAddress, users: readonly string[]) {
    const { hashTag, ...connection } = redisAddressSchema.parse(address);
    const options = { ...connection, username: connection.username ?? "default" };
    // A command waits until Redis is there again: it may be killed while it is watched.
    this.#redis = new Redis({
      ...options,
      password: options.password ?? "",
      maxRetriesPerRequest: null,
    });
    this.#follower = this.#redis.duplicate();
    for (const redis of [this.#redis, this.#follower]) redis.on("error", () => undefined);
    this.#root = `{${hashTag}}:`;
    this.#users = users;
  }

  /** Counts from now on. Start it before anybody submits. */
  static async start(address: RedisAddress, users: readonly string[]): Promise<RedisWatch> {
    const watch = new RedisWatch(address, users);
    for (const user of users) {
      const [last] = await watch.#redis.xrevrange(watch.#stream(user), "+", "-", "COUNT", 1);
      watch.#positions.set(user, last?.[0] ?? "0-0");
    }
    watch.#follow().catch((error: unknown) => {
      watch.#fault = error instanceof Error ? error : new Error(String(error));
    });
    return watch;
  }

  /** What Redis knows now, and every change of state up to now. */
  async read(): Promise<Omit<Facts, "outputs">> {
    if (this.#fault) throw this.#fault;
    // What was told up to here is in the streams already.
    await this.#readStreams();
    const jobs = [];
    for (const id of await this.#jobIds()) {
      const job = queuedJobSchema.safeParse(await this.#redis.hgetall(`${this.#root}job:${id}`));
      if (job.success) jobs.push(job.data);
    }
    const held = await this.#redis.zrange(`${this.#root}leases`, 0, "-1");
    return { jobs, changes: [...this.#changes], held };
  }

  /** Waits for nothing: while a lost Redis is looked for again, the client never ends a command. */
  close(): void {
    this.#closed = true;
    this.#follower.disconnect();
    this.#redis.disconnect();
  }

  async #jobIds(): Promise<ReadonlySet<string>> {
    const ids = new Set(this.#changes.map(({ job }) => job));
    for (const user of this.#users) {
      for (const state of states) {
        const listed = await this.#redis.zrange(
          `${this.#root}user:${user}:state:${state}`,
          0,
          "-1",
        );
        for (const id of listed) ids.add(id);
      }
    }
    return ids;
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const answer = await this.#follower.xread(
        "COUNT",
        EVENTS_PER_READ,
        "BLOCK",
        BLOCK_MS,
        "STREAMS",
        ...this.#users.map((user) => this.#stream(user)),
        ...this.#users.map((user) => this.#position(user)),
      );
      for (const [key, entries] of answer ?? []) this.#take(key, entries);
    }
  }

  async #readStreams(): Promise<void> {
    for (const user of this.#users) {
      const key = this.#stream(user);
      this.#take(key, await this.#redis.xrange(key, `(${this.#position(user)}`, "+"));
    }
  }

  #take(key: string, entries: readonly [id: string, fields: string[]][]): void {
    const user = key.slice(this.#stream("").length);
    for (const [id, fields] of entries) {
      // Both connections read: what one has taken the other passes over.
      if (!isAfter(id, this.#position(user))) continue;
      this.#positions.set(user, id);
      const json: unknown = JSON.parse(fields[fields.indexOf("event") + 1] ?? "null");
      if (eventSchema.parse(json).kind !== "state") continue;
      this.#changes.push({ user, ...stateChangeSchema.parse(json) });
    }
  }

  #position(user: string): string {
    return this.#positions.get(user) ?? "0-0";
  }

  #stream(user: string): string {
    return `${this.#root}events:${user}`;
  }
}

function isAfter(id: string, other: string): boolean {
  const [ms = 0n, sequence = 0n] = id.split("-").map(BigInt);
  const [otherMs = 0n, otherSequence = 0n] = other.split("-").map(BigInt);
  return ms > otherMs || (ms === otherMs && sequence > otherSequence);
}
