import type { Environment } from "@comfymulti/queue-manager/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";
import { queueEnvironment, type QueueRules } from "./queue-rules.ts";
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
  readonly listenAddress: string;
  readonly port: number;
  readonly redis: RedisAddress;
  /** Participants' uploads and results. */
  readonly dataDirectory: string;
  readonly participants: readonly Participant[];
  readonly adminToken: pulumi.Output<string>;
  readonly frontendToken: pulumi.Output<string>;
  /** Worker's name → its token. */
  readonly workerTokens: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The gateway that every browser talks to, and the queue's caretaker. */
export class QueueManager extends pulumi.ComponentResource {
  readonly url: string;
  readonly service: Service;

  constructor(name: string, args: QueueManagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:QueueManager", name, {}, opts);
    this.url = `http://${args.listenAddress}:${args.port}`;

    const environment = {
      HOST: args.listenAddress,
      PORT: String(args.port),
      APP_SERVER_REDIS_HOST: args.redis.host,
      REDIS_PORT: String(args.redis.port),
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
    this.service = args.host.service(
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
        listens: [{ host: args.listenAddress, port: args.port, purpose: "gatewayPort" }],
        health: { kind: "http", url: `${this.url}/health` },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
