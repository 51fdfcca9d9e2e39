import type { Environment } from "@comfymulti/queue-manager/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";
import { queueEnvironment, type QueueRules } from "./queue-rules.ts";
import type { ContainerPlace } from "./container-place.ts";
import type { RedisAddress } from "./redis.ts";

/** A participant as the gateway knows them. */
export interface Participant {
  readonly id: string;
  readonly token: pulumi.Output<string>;
  readonly frontendUrl: string;
}

export interface QueueManagerArgs extends QueueRules {
  readonly host: Host;
  readonly projectName: string;
  readonly version: string;
  readonly port: number;
  readonly redis: RedisAddress;
  /** Participants' uploads and results. */
  readonly dataDirectory: string;
  readonly participants: readonly Participant[];
  readonly adminToken: pulumi.Output<string>;
  readonly frontendToken: pulumi.Output<string>;
  /** Worker's name → its token. */
  readonly workerTokens: Readonly<Record<string, pulumi.Output<string>>>;
  readonly container?: ContainerPlace & {
    /** Its address in the network without a way out, the same after each replacement. */
    readonly address: string;
  };
}

/** The gateway that every browser talks to, and the queue's caretaker. */
export class QueueManager extends pulumi.ComponentResource {
  readonly url: string;
  readonly service: Service;

  constructor(name: string, args: QueueManagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:QueueManager", name, {}, opts);
    const { host, port, container } = args;
    this.url = `http://${container?.address ?? host.addressOf(name)}:${port}`;

    const environment = {
      HOST: "127.0.0.1",
      PORT: String(port),
      APP_SERVER_REDIS_HOST: args.redis.host,
      REDIS_PORT: String(args.redis.port),
      REDIS_USERNAME: args.redis.username,
      PROJECT_NAME: args.projectName,
      DATA_DIRECTORY: args.dataDirectory,
      ...queueEnvironment(args),
    } satisfies VariablesOf<Environment>;

    const program = nodeProgram("services/queue-manager/src/main.ts", [
      "services/queue-manager/src",
      "services/queue/src",
      "services/configuration/src",
      "workflows",
    ]);
    this.service = host.service(
      name,
      {
        ...program,
        version: args.version,
        environment: { ...program.environment, ...environment },
        secretEnvironment: {
          REDIS_PASSWORD: args.redis.password,
          ADMIN_TOKEN: args.adminToken,
          FRONTEND_TOKEN: args.frontendToken,
          WORKER_TOKENS: pulumi.jsonStringify(args.workerTokens),
          USERS: pulumi.jsonStringify(args.participants),
        },
        directories: [args.dataDirectory],
        listens: [{ host: "127.0.0.1", port, purpose: "gatewayPort" }],
        health: { kind: "http", url: `http://127.0.0.1:${port}/health` },
        ...(container && {
          container: {
            image: container.image,
            // 270 MB with its thread, and room for a hundred uploads under way.
            memoryMb: 1536,
            cpus: 2,
            networks: [{ name: "internal", address: container.address }],
            mounts: [{ type: "bind", source: args.dataDirectory, target: args.dataDirectory }],
            environment: { HOST: "0.0.0.0", SOURCE_HASH: undefined },
          },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
