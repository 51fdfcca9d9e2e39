import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../hosts/index.ts";
import { Token } from "../secrets/index.ts";
import { renderRedisConfig } from "./redis-config.ts";

export interface RedisArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  readonly listenAddress: string;
  readonly port: number;
  /** Folder of its own for the append-only file. */
  readonly dataDirectory: string;
}

/** Where a client finds Redis, and with which password. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password: pulumi.Output<string>;
}

/** The stack's own durable Redis: every accepted job is on disk before it is acknowledged. */
export class Redis extends pulumi.ComponentResource {
  readonly address: RedisAddress;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Redis", name, {}, opts);
    const password = new Token(`${name}-password`, {}, { parent: this });
    const { listenAddress, port, dataDirectory } = args;

    args.host.service(
      name,
      {
        version: args.version,
        // The configuration holds the password: it travels in the environment and by standard
        // input, so that it is neither on the command line nor in a file.
        command: ["sh", "-c", "exec redis-server - <<END\n$REDIS_CONFIG\nEND"],
        secretEnvironment: {
          REDIS_CONFIG: password.value.apply((secret) =>
            renderRedisConfig({ listenAddress, port, dataDirectory, password: secret }),
          ),
        },
        workingDirectory: dataDirectory,
        directories: [dataDirectory],
        listens: [{ host: listenAddress, port, purpose: "redisPort" }],
        health: { kind: "tcp", timeoutSeconds: 60 },
      },
      { parent: this },
    );

    this.address = { host: listenAddress, port, password: password.value };
    this.registerOutputs({});
  }
}
