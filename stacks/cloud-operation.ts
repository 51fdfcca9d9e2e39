/** What keeps a stack in the cloud safe and watched: backups and monitoring. */
import * as pulumi from "@pulumi/pulumi";
import {
  Backup,
  backupSettingsSchema,
  Monitoring,
  type AppServer,
} from "../components/app-server/index.ts";
import type { FleetSettings } from "../components/gpu/index.ts";
import type { DockerHost } from "../components/hosts/index.ts";
import type { MachineImages } from "../components/storage/index.ts";
import type { CloudNeeds, MonitoringImage } from "./cloud-settings.ts";
import type { VaultAccess } from "./outputs.ts";
import type { Settings } from "./settings.ts";
import { projectVersion as version } from "./version.ts";

export interface OperationPlace {
  readonly host: DockerHost;
  readonly prefix: string;
  readonly appServer: AppServer;
  readonly vault: pulumi.Output<VaultAccess>;
  /** `root@192.0.2.7` */
  readonly ssh: string;
  readonly dataDirectory: string;
  readonly privateAddress: pulumi.Output<string>;
  readonly images: MachineImages;
  readonly fleet: FleetSettings | undefined;
  /** A worker's name in the private network. */
  readonly workerAddress: (worker: string) => string;
}

type CloudStackSettings = Omit<Settings, keyof CloudNeeds> & CloudNeeds;

/** Folders of the app server's data that are saved beside Redis. */
const SAVED = ["files", "userdata", "certificates"];

export function declareBackup(settings: CloudStackSettings, place: OperationPlace): Backup {
  const { host, prefix, vault, dataDirectory } = place;
  return new Backup("backup", {
    ...{ host, version, dataDirectory },
    stackName: prefix,
    settings: settings.backup ?? backupSettingsSchema.parse({}),
    repository: pulumi.interpolate`s3:${vault.endpoint}/${vault.buckets.cache}/${prefix}`,
    password: pulumi.secret(settings.backupPassword),
    accessKeyId: vault.keeper.accessKeyId,
    secretAccessKey: pulumi.secret(vault.keeper.secretAccessKey),
    redis: place.appServer.redisFor("backup"),
    folders: SAVED,
    container: { image: place.images.named(settings.images.backup), ssh: place.ssh, prefix },
  });
}

export function declareMonitoring(
  settings: CloudStackSettings,
  place: OperationPlace,
): Monitoring | undefined {
  const { images, monitoring, domain } = settings;
  if (!monitoring) return undefined;
  const image = (name: MonitoringImage) => place.images.named(images[name] ?? "");
  const { host, appServer, privateAddress, dataDirectory } = place;
  return new Monitoring("monitoring", {
    ...{ host, version, dataDirectory },
    stackName: place.prefix,
    settings: monitoring,
    figuresOf: ["backup", "certificates"],
    queueManagers: appServer.queueManagers,
    frontends: appServer.lightFrontends,
    workers: (place.fleet?.workers ?? []).map(({ name }) => ({
      name,
      address: `${place.workerAddress(name)}:${settings.workerHealthPort}`,
    })),
    site: { address: `${host.addressOf("nginx")}:443`, serverName: domain.hostname },
    adminToken: appServer.adminToken,
    redis: appServer.redisFor("exporter"),
    leaseSeconds: settings.leaseSeconds,
    container: {
      privateAddress,
      images: {
        prometheus: image("prometheus"),
        alertmanager: image("alertmanager"),
        grafana: image("grafana"),
        "node-exporter": image("nodeExporter"),
        "redis-exporter": image("redisExporter"),
        "blackbox-exporter": image("blackboxExporter"),
      },
    },
  });
}
