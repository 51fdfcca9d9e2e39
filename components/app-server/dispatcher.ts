import type { Environment } from "@comfymulti/dispatcher/environment";
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import type { Host, Service } from "../hosts/index.ts";
import type { VariablesOf } from "../service-environment.ts";
import type { ContainerPlace } from "./container-place.ts";
import type { RedisAddress } from "./redis.ts";

export interface DispatcherArgs {
  readonly host: Host;
  readonly version: string;
  readonly redis: RedisAddress;
  /** Of the workers that it calls: `ServerlessWorkers` gives both. */
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secretEnvironment: Readonly<Record<string, pulumi.Input<string>>>;
  /** Keeps what replicas said of themselves. */
  readonly dataDirectory: string;
  readonly port: number;
  readonly container: ContainerPlace;
}

/** Brings jobs to serverless replicas. */
export class Dispatcher extends pulumi.ComponentResource {
  readonly service: Service;

  constructor(name: string, args: DispatcherArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Dispatcher", name, {}, opts);
    const { redis, dataDirectory, port } = args;
    const environment = {
      APP_SERVER_REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      REDIS_USERNAME: redis.username,
      FACTS_FILE: path.join(dataDirectory, "facts.json"),
      HEALTH_PORT: String(port),
    } satisfies VariablesOf<Environment>;
    this.service = args.host.service(
      name,
      {
        version: args.version,
        command: ["/app/services/dispatcher/src/main.ts"],
        workingDirectory: "/app",
        environment: { ...environment, ...args.environment },
        secretEnvironment: { ...args.secretEnvironment, REDIS_PASSWORD: redis.password },
        health: { kind: "http", url: `http://127.0.0.1:${port}/live` },
        // A job under way may end.
        stop: { signal: "SIGTERM", graceSeconds: 60 },
        container: {
          image: args.container.image,
          memoryMb: 512,
          cpus: 1,
          // Replicas are called over the internet.
          networks: [{ name: "internal" }, { name: "edge" }],
          mounts: [{ type: "bind", source: dataDirectory, target: dataDirectory }],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
