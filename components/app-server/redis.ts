import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Host } from "../hosts/index.ts";
import { Token } from "../secrets/index.ts";
import { BACKUP_RULES } from "./backup.ts";
import type { ContainerPlace } from "./container-place.ts";
import { EXPORTER_RULES } from "./monitoring.ts";
import { QUEUE_RULES, renderRedisConfig } from "./redis-config.ts";

/**
 * Redis' users and what each may do; the one named `default` is switched off. A worker and the
 * dispatcher share `worker`'s rights.
 */
const rulesOf = {
  manager: QUEUE_RULES,
  worker: QUEUE_RULES,
  exporter: EXPORTER_RULES,
  backup: BACKUP_RULES,
} as const satisfies Readonly<Record<string, string>>;
export type RedisUserName = keyof typeof rulesOf;
const userNames = Object.keys(rulesOf) as RedisUserName[];

export interface RedisArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  readonly port: number;
  /** Folder of its own for the append-only file. */
  readonly dataDirectory: string;
  readonly container?: ContainerPlace;
  /** Addresses of the machine on which workers reach it. Default: none but its own network. */
  readonly privateAddress?: pulumi.Input<string>;
}

/** Where a client finds Redis, and as whom. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: pulumi.Output<string>;
}

/** The stack's own durable Redis: every accepted job is on disk before it is acknowledged. */
export class Redis extends pulumi.ComponentResource {
  readonly #args: RedisArgs;
  readonly #passwords: Readonly<Record<RedisUserName, pulumi.Output<string>>>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Redis", name, {}, opts);
    const { port, dataDirectory, container } = args;
    const password = (user: RedisUserName) =>
      new Token(`${name}-${user}-password`, {}, { parent: this }).value;
    this.#args = args;
    this.#passwords = {
      manager: password("manager"),
      worker: password("worker"),
      exporter: password("exporter"),
      backup: password("backup"),
    };

    args.host.service(
      name,
      {
        version: args.version,
        // The configuration travels in the environment and by standard input, so that it is neither
        // on the command line nor in a file.
        command: ["sh", "-c", "exec redis-server - <<END\n$REDIS_CONFIG\nEND"],
        secretEnvironment: {
          REDIS_CONFIG: pulumi.all(this.#passwords).apply((passwords) =>
            renderRedisConfig({
              // A container's address is its own network's; what may reach it is what is published.
              listenAddress: container ? "0.0.0.0" : "127.0.0.1",
              port,
              dataDirectory,
              users: userNames.map((user) => ({
                name: user,
                rules: rulesOf[user],
                passwordHash: sha256(passwords[user] ?? ""),
              })),
            }),
          ),
        },
        workingDirectory: dataDirectory,
        directories: [dataDirectory],
        listens: [{ host: "127.0.0.1", port, purpose: "redisPort" }],
        health: { kind: "tcp", timeoutSeconds: 60 },
        ...(container && {
          container: {
            ...container,
            // 1 GB of data, and as much again while it rewrites its file.
            memoryMb: 2304,
            cpus: 2,
            networks: [{ name: "internal" }, { name: "edge" }],
            mounts: [{ type: "bind", source: dataDirectory, target: dataDirectory }],
            healthCommand: ["sh", "-c", `redis-cli -p ${port} ping 2>&1 | grep -Eq 'PONG|NOAUTH'`],
            ...(args.privateAddress !== undefined && {
              ports: [{ internal: port, external: port, ip: pulumi.output(args.privateAddress) }],
            }),
          },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }

  /** For a client on the same host. */
  addressFor(username: RedisUserName): RedisAddress {
    const { host, port } = this.#args;
    return { host: host.addressOf("redis"), port, username, password: this.#passwords[username] };
  }
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
