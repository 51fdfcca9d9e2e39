import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import type { Host } from "../hosts/index.ts";
import { Token } from "../secrets/index.ts";
import { LightFrontend } from "./light-frontend.ts";
import { type Participant, QueueManager } from "./queue-manager.ts";
import type { QueueRules } from "./queue-rules.ts";
import { Redis, type RedisAddress } from "./redis.ts";

export interface AppServerArgs extends QueueRules {
  readonly host: Host;
  readonly projectName: string;
  /** Version of this project's own services, shown in status. */
  readonly version: string;
  /** Participants' names: user001 … */
  readonly users: readonly string[];
  /** Workers' names: worker-1 … */
  readonly workers: readonly string[];
  /** ComfyUI version whose editor the participants see. */
  readonly frontendVersion: string;
  /** The official frontend package of that version, unpacked. */
  readonly bundleDirectory: string;
  /** Address that the gateway listens on; everything else stays on loopback. */
  readonly listenAddress: string;
  readonly gatewayPort: number;
  readonly redisPort: number;
  readonly frontendPort: number;
  /** Everything that has to outlive a restart. */
  readonly dataDirectory: string;
}

const LOOPBACK = "127.0.0.1";

/** What browsers and workers talk to: Redis, the gateway with its queue, and the editor. */
export class AppServer extends pulumi.ComponentResource {
  readonly url: string;
  readonly redis: RedisAddress;
  readonly participants: readonly Participant[];
  readonly adminToken: pulumi.Output<string>;
  readonly workerTokens: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: AppServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:AppServer", name, {}, opts);
    const child = { parent: this };
    const token = (owner: string) => new Token(`${owner}-token`, {}, child).value;
    const folder = (...parts: string[]) => path.join(args.dataDirectory, ...parts);

    this.adminToken = token("admin");
    this.workerTokens = Object.fromEntries(args.workers.map((worker) => [worker, token(worker)]));

    const redis = new Redis(
      "redis",
      {
        host: args.host,
        version: args.version,
        listenAddress: LOOPBACK,
        port: args.redisPort,
        dataDirectory: folder("redis"),
      },
      child,
    );
    const frontend = new LightFrontend(
      "frontend",
      {
        host: args.host,
        listenAddress: LOOPBACK,
        port: args.frontendPort,
        comfyuiVersion: args.frontendVersion,
        bundleDirectory: args.bundleDirectory,
        userdataDirectory: folder("userdata"),
        cacheDirectory: folder("cache"),
        users: args.users,
      },
      child,
    );
    this.redis = redis.address;
    this.participants = args.users.map((id) => ({
      id,
      token: token(id),
      frontendUrl: frontend.url,
    }));

    const queueManager = new QueueManager(
      "queue-manager",
      {
        ...args,
        port: args.gatewayPort,
        redis: redis.address,
        dataDirectory: folder("files"),
        participants: this.participants,
        adminToken: this.adminToken,
        frontendToken: frontend.token,
        workerTokens: this.workerTokens,
      },
      { ...child, dependsOn: [redis] },
    );
    this.url = queueManager.url;
    this.registerOutputs({});
  }
}
