/** Redis' configuration: durable before fast, closed before open. */

/** Who may do what in Redis. */
export interface RedisUser {
  readonly name: string;
  /** SHA-256 of the password, hexadecimal: Redis needs no more to know it. */
  readonly passwordHash: string;
  /** Rules of an access control list, `~{cm}:* +@read`. */
  readonly rules: string;
}

export interface RedisConfig {
  readonly listenAddress: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly users: readonly RedisUser[];
}

/**
 * Rules of whoever uses the queue's library: its keys and channels (one hash tag), every command that
 * its scripts need, and of the dangerous ones only the two with which it looks at Redis' own state.
 * services/queue/README.md
 */
export const QUEUE_RULES = "~{cm}:* &{cm}:* +@all -@admin -@dangerous +info +config|get";

/** The text that redis-server reads from standard input. */
export function renderRedisConfig(config: RedisConfig): string {
  return [
    `bind ${config.listenAddress}`,
    `port ${config.port}`,
    "protected-mode yes",
    // Nobody is let in without a name. Its rights stay: at a start Redis reads the append-only file as
    // this user, and would leave out every transaction that it may not run.
    "user default off ~* &* +@all",
    ...config.users.map(
      ({ name, passwordHash, rules }) => `user ${name} on #${passwordHash} ${rules}`,
    ),
    `dir ${quote(config.dataDirectory)}`,
    // A job is acknowledged only once it is on disk: kill -9 or a power cut loses none.
    "appendonly yes",
    "appendfsync always",
    "no-appendfsync-on-rewrite no",
    // The append-only file is the truth; snapshots beside it would only cost memory and disk.
    'save ""',
    // The queue bounds what it keeps; running out must refuse a write, never evict a job.
    "maxmemory 1gb",
    "maxmemory-policy noeviction",
    // A backup has itself sent a copy, as a replica does; it need not wait for others.
    "repl-diskless-sync-delay 0",
    // Idle blocking connections of workers are normal; dead ones are found by keepalive.
    "timeout 0",
    "tcp-keepalive 60",
    "daemonize no",
  ].join("\n");
}

/** Redis' quoted string: a folder's name may hold spaces. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
