import type { Environment as DispatcherEnvironment } from "@comfymulti/dispatcher/environment";
import * as pulumi from "@pulumi/pulumi";
import type { VariablesOf } from "../service-environment.ts";
import { Token } from "../secrets/index.ts";
import { ContainerDeployment } from "../verda/index.ts";
import type { ServerlessSettings } from "./settings.ts";

export interface ServerlessWorkersArgs {
  readonly settings: ServerlessSettings;
  /** The queue manager as replicas reach it, over the internet: `https://comfy.example.net`. */
  readonly queueManagerUrl: pulumi.Input<string>;
  /** Made by hand in Verda's console (Keys → Inference API Keys). Secret. */
  readonly inferenceKey: pulumi.Input<string>;
  readonly executionTimeoutSeconds: number;
  readonly jobTimeoutSeconds: number;
  readonly leaseSeconds: number;
}

/** Port of jobs and `/health` in a replica. */
const PORT = 8189;
/** A request is answered when its job has ended; what waits longer than a job may is dropped. */
const SPARE_SECONDS = 60;

/** Replicas of the worker that Verda starts when jobs come and takes away when none are left. */
export class ServerlessWorkers extends pulumi.ComponentResource {
  readonly deployment: ContainerDeployment;
  /** One slot a replica, by the name under which the queue knows it: for the queue manager too. */
  readonly slotTokens: Readonly<Record<string, pulumi.Output<string>>>;
  /** The dispatcher's variables that follow from the deployment. */
  readonly dispatcherEnvironment: Readonly<
    Record<
      keyof VariablesOf<
        Pick<
          DispatcherEnvironment,
          | "ENDPOINT_URL"
          | "QUEUE_MANAGER_URL"
          | "COLD_START_SECONDS"
          | "EXECUTION_TIMEOUT_SECONDS"
          | "JOB_TIMEOUT_SECONDS"
          | "LEASE_SECONDS"
        >
      >,
      pulumi.Input<string>
    >
  >;
  readonly dispatcherSecrets: Readonly<
    Record<
      keyof VariablesOf<Pick<DispatcherEnvironment, "INFERENCE_KEY" | "SLOT_TOKENS">>,
      pulumi.Output<string>
    >
  >;

  constructor(name: string, args: ServerlessWorkersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:gpu:ServerlessWorkers", name, {}, opts);
    const { settings, queueManagerUrl } = args;
    const own = { parent: this };

    this.deployment = new ContainerDeployment(
      `${name}-deployment`,
      {
        name: settings.name,
        isSpot: settings.spot,
        compute: settings.compute,
        containerRegistrySettings: settings.registryCredentials
          ? { isPrivate: true, credentials: { name: settings.registryCredentials } }
          : { isPrivate: false },
        containers: [
          {
            image: settings.image,
            exposedPort: PORT,
            healthcheck: { enabled: true, port: PORT, path: "/health" },
            env: variables({
              INFERENCE_MODE: "serverless",
              QUEUE_MANAGER_URL: queueManagerUrl,
              HOST: "0.0.0.0",
              HEALTH_PORT: String(PORT),
            }),
            volumeMounts: [
              // General storage that every replica has; nothing on it outlives the replica.
              { type: "scratch", mountPath: "/mnt/scratch" },
              ...(settings.sharedFilesystemId === undefined
                ? []
                : [
                    {
                      type: "shared" as const,
                      mountPath: "/mnt/sfs",
                      volumeId: settings.sharedFilesystemId,
                    },
                  ]),
            ],
          },
        ],
        scaling: {
          minReplicaCount: settings.minReplicas,
          maxReplicaCount: settings.maxReplicas,
          // A GPU runs one job at a time.
          concurrentRequestsPerReplica: 1,
          scaleDownPolicy: { delaySeconds: settings.idleSeconds },
          scaleUpPolicy: { delaySeconds: 0 },
          queueMessageTtlSeconds:
            args.jobTimeoutSeconds + settings.coldStartSeconds + SPARE_SECONDS,
          scalingTriggers: { queueLoad: { threshold: 1 } },
        },
      },
      own,
    );

    const slots = Array.from({ length: settings.maxReplicas }, (_, slot) => `${name}-${slot + 1}`);
    this.slotTokens = Object.fromEntries(
      slots.map((slot) => [slot, new Token(`${slot}-token`, {}, own).value]),
    );
    this.dispatcherEnvironment = {
      ENDPOINT_URL: this.deployment.endpointBaseUrl,
      QUEUE_MANAGER_URL: queueManagerUrl,
      COLD_START_SECONDS: String(settings.coldStartSeconds),
      EXECUTION_TIMEOUT_SECONDS: String(args.executionTimeoutSeconds),
      JOB_TIMEOUT_SECONDS: String(args.jobTimeoutSeconds),
      LEASE_SECONDS: String(args.leaseSeconds),
    };
    this.dispatcherSecrets = {
      INFERENCE_KEY: pulumi.secret(args.inferenceKey),
      SLOT_TOKENS: pulumi.jsonStringify(this.slotTokens),
    };
    this.registerOutputs({});
  }
}

/** No secret is among them: a replica gets its slot's token with each job. */
const variables = (values: Readonly<Record<string, pulumi.Input<string>>>) =>
  Object.entries(values).map(([name, value]) => ({
    name,
    valueOrReferenceToSecret: value,
    type: "plain" as const,
  }));
