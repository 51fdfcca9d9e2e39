/** Redis' configuration: durable before fast, closed before open. */
export interface RedisConfig {
  readonly listenAddress: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly password: string;
}

/** The text that redis-server reads from standard input. */
export function renderRedisConfig(config: RedisConfig): string {
  return [
    `bind ${config.listenAddress}`,
    `port ${config.port}`,
    "protected-mode yes",
    `requirepass ${config.password}`,
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
