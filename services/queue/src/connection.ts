/** Connections to Redis: quick to say that it is away, patient to come back. */
import { Redis } from "ioredis";
import { RedisNotDurableError, RedisUnavailableError } from "./errors.ts";

/** Where Redis is. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A command that takes longer means that Redis is stuck; scripts take well under a millisecond. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Finds a dead network path under an idle connection. */
const KEEPALIVE_MS = 10_000;
const LONGEST_WAIT_MS = 2_000;

/** With a random part, so that twenty clients do not come back in one instant. */
const retryStrategy = (attempt: number): number =>
  Math.min(50 * 2 ** Math.min(attempt, 6), LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);

const common = ({ host, port, username, password }: RedisAddress) => ({
  host,
  port,
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  keepAlive: KEEPALIVE_MS,
  retryStrategy,
});

/**
 * For commands. While Redis is away a command fails at once, and one that was under way is not sent
 * again unasked: the caller knows whether it may be.
 */
export async function connectForCommands(address: RedisAddress): Promise<Redis> {
  const redis = new Redis({
    ...common(address),
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
  return await open(redis);
}

/** For pub/sub. `Channels` subscribes again after a reconnect; without a connection it hears so at once. */
export async function connectForMessages(address: RedisAddress): Promise<Redis> {
  return await open(
    new Redis({
      ...common(address),
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
    }),
  );
}

async function open(redis: Redis): Promise<Redis> {
  // Reconnecting is reported by the commands that fail meanwhile; without a listener Node would end.
  let latest: unknown;
  redis.on("error", (error: unknown) => {
    latest = error;
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw new RedisUnavailableError(latest ?? error);
  }
}

/** What Redis must be set to, and what it would cost to have it otherwise. */
const required: Readonly<Record<string, string>> = {
  appendonly: "yes",
  // Any other value acknowledges jobs that are not on disk yet.
  appendfsync: "always",
  // Any other value drops jobs to make room; this one refuses the next instead.
  "maxmemory-policy": "noeviction",
};

/** @throws RedisNotDurableError when an accepted job could be lost */
export async function requireDurability(redis: Redis): Promise<void> {
  const found = await Promise.all(
    Object.keys(required).map(async (name) => [name, await setting(redis, name)] as const),
  );
  const wrong = found.filter(([name, value]) => value !== required[name]);
  if (wrong.length > 0) {
    throw new RedisNotDurableError(wrong.map(([name, value]) => `${name} ${value}`).join(" and "));
  }
}

async function setting(redis: Redis, name: string): Promise<string> {
  try {
    const reply: unknown = await redis.config("GET", name);
    return Array.isArray(reply) ? String(reply[1]) : "unknown";
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("NOPERM")) {
      throw new RedisNotDurableError(
        "settings that this user may not read (allow +config|get in its ACL)",
      );
    }
    throw new RedisUnavailableError(error);
  }
}
