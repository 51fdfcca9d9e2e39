/** The workers of a stack in the cloud: machines, replicas, or both. */
import * as pulumi from "@pulumi/pulumi";
import type { AppServer } from "../components/app-server/index.ts";
import {
  fleetSettingsSchema,
  GpuFleet,
  serverlessSettingsSchema,
  ServerlessWorkers,
} from "../components/gpu/index.ts";
import type { FleetSettings, ServerlessSettings, TailnetPlace } from "../components/gpu/index.ts";
import type { ReadableBucket } from "../components/storage/index.ts";
import { ofVersion, registryAuth } from "./cloud-images.ts";
import type { CloudNeeds } from "./cloud-settings.ts";
import { workerPlans } from "./plans.ts";
import type { Settings } from "./settings.ts";

type CloudStackSettings = Omit<Settings, keyof CloudNeeds> & CloudNeeds;

/** The machines, each with its version's image; undefined where there are none. */
export function fleetOf(settings: CloudStackSettings): FleetSettings | undefined {
  const plans = workerPlans(settings);
  if (plans.length === 0) return undefined;
  return fleetSettingsSchema.parse({
    ...settings.fleet,
    templates: settings.templates,
    workers: plans.map(({ name, version }) => ({
      name,
      comfyuiVersion: version,
      image: ofVersion("worker", settings.images.worker, version),
      ...previousImage(settings, version),
    })),
  });
}

/** What ran before is kept on the machine, so that a rollback takes no download. */
function previousImage({ retained }: Settings, version: string): { previousImage?: string } {
  const before = retained.find(
    (entry) => entry.service === "worker" && entry.version !== version && entry.image !== undefined,
  );
  return before?.image === undefined ? {} : { previousImage: before.image };
}

/** The replicas; undefined where there are none. */
export function serverlessOf(
  settings: CloudStackSettings,
  prefix: string,
): ServerlessSettings | undefined {
  if (settings.serverless === undefined) return undefined;
  const { workerVersion: comfyuiVersion } = settings;
  return serverlessSettingsSchema.parse({
    ...settings.serverless,
    name: prefix,
    comfyuiVersion,
    image: ofVersion("worker", settings.images.worker, comfyuiVersion),
  });
}

export function declareServerless(
  serverless: ServerlessSettings,
  settings: CloudStackSettings,
  site: string,
  opts: pulumi.ComponentResourceOptions,
): ServerlessWorkers {
  const { executionTimeoutSeconds, jobTimeoutSeconds, leaseSeconds } = settings;
  return new ServerlessWorkers(
    "serverless",
    {
      ...{ executionTimeoutSeconds, jobTimeoutSeconds, leaseSeconds },
      settings: serverless,
      queueManagerUrl: site,
      inferenceKey: pulumi.secret(settings.inferenceKey ?? ""),
    },
    opts,
  );
}

export interface FleetPlace {
  readonly prefix: string;
  readonly appServer: AppServer;
  readonly models: ReadableBucket;
  readonly imageArchive: ReadableBucket;
  /** Of the app server, in the private network. */
  readonly privateAddress: pulumi.Output<string>;
  readonly tailnet: (worker: string) => TailnetPlace;
  readonly judged: pulumi.ComponentResourceOptions;
}

export function declareFleet(
  fleet: FleetSettings,
  settings: CloudStackSettings,
  { prefix, appServer, models, imageArchive, privateAddress, tailnet, judged }: FleetPlace,
): GpuFleet {
  const redis = appServer.redisFor("worker");
  const { executionTimeoutSeconds, jobTimeoutSeconds, leaseSeconds } = settings;
  return new GpuFleet(
    "fleet",
    {
      ...{ prefix, models, imageArchive, tailnet },
      ...registryAuth(settings),
      settings: fleet,
      sshPublicKey: settings.sshPublicKey,
      tokens: appServer.workerTokens,
      healthPort: settings.workerHealthPort,
      queue: {
        queueManagerUrl: pulumi.interpolate`http://${privateAddress}:${settings.gatewayPort}`,
        redisHost: privateAddress,
        redisPort: redis.port,
        redisUsername: redis.username,
        redisPassword: redis.password,
        // Whoever runs the update may be outside the private network.
        adminUrl: appServer.url,
        adminToken: appServer.adminToken,
        ...{ executionTimeoutSeconds, jobTimeoutSeconds, leaseSeconds },
      },
    },
    judged,
  );
}
