import type { Environment } from "@comfymulti/worker/environment";
import * as pulumi from "@pulumi/pulumi";
import type { RedisAddress } from "../app-server/index.ts";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";

export interface WorkerArgs {
  readonly host: Host;
  /** ComfyUI version that it is meant to drive, shown in status. */
  readonly comfyuiVersion: string;
  readonly comfyuiUrl: string;
  readonly token: pulumi.Output<string>;
  readonly redis: RedisAddress;
  readonly queueManagerUrl: string;
  readonly healthPort: number;
  /** Results that could not be delivered yet. */
  readonly spoolDirectory: string;
  readonly leaseSeconds: number;
  readonly executionTimeoutSeconds: number;
  readonly jobTimeoutSeconds: number;
}

/** Longest wait for ComfyUI's own start, seconds: it loads its nodes before it answers. */
const STARTUP_TIMEOUT_SECONDS = 120;

/** One GPU worker: claims jobs, drives its ComfyUI, delivers the results. */
export class Worker extends pulumi.ComponentResource {
  readonly service: Service;

  constructor(name: string, args: WorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:gpu:Worker", name, {}, opts);
    const listenAddress = "127.0.0.1";
    const environment = {
      WORKER_NAME: name,
      INFERENCE_MODE: "local",
      INFERENCE_SERVER_REDIS_HOST: args.redis.host,
      REDIS_PORT: String(args.redis.port),
      REDIS_USERNAME: args.redis.username,
      QUEUE_MANAGER_URL: args.queueManagerUrl,
      COMFYUI_URL: args.comfyuiUrl,
      HOST: listenAddress,
      HEALTH_PORT: String(args.healthPort),
      SPOOL_DIRECTORY: args.spoolDirectory,
      LEASE_SECONDS: String(args.leaseSeconds),
      EXECUTION_TIMEOUT_SECONDS: String(args.executionTimeoutSeconds),
      JOB_TIMEOUT_SECONDS: String(args.jobTimeoutSeconds),
      STARTUP_TIMEOUT_SECONDS: String(STARTUP_TIMEOUT_SECONDS),
    } satisfies VariablesOf<Environment>;

    const program = nodeProgram("worker/src/main.ts", [
      "worker/src",
      "services/queue/src",
      "services/configuration/src",
      "workflows",
    ]);
    this.service = args.host.service(
      name,
      {
        ...program,
        version: args.comfyuiVersion,
        environment: { ...program.environment, ...environment },
        secretEnvironment: { WORKER_TOKEN: args.token, REDIS_PASSWORD: args.redis.password },
        directories: [args.spoolDirectory],
        listens: [{ host: listenAddress, port: args.healthPort, purpose: "workerHealthPort" }],
        health: {
          kind: "http",
          url: `http://${listenAddress}:${args.healthPort}/health`,
          timeoutSeconds: STARTUP_TIMEOUT_SECONDS + 10,
        },
        // 30 s for the running job, 55 s to deliver what is done and to end ComfyUI.
        stop: { signal: "SIGTERM", graceSeconds: 90 },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
