/** Stacks `staging` and `workshop`: an app server in containers, rented GPUs, network, names, buckets. */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { AppServer, dataFolders, networks, subnets } from "../components/app-server/index.ts";
import { AppServerMachine, Dispatcher, monitoringFolders } from "../components/app-server/index.ts";
import { Declaration } from "../components/declaration/index.ts";
import { DockerHost } from "../components/hosts/index.ts";
import { Dns, Tailnet, tagOf } from "../components/network/index.ts";
import type { MachineRole } from "../components/network/index.ts";
import { cloudDeclaration } from "./cloud-declaration.ts";
import { appServerImages, registryAuth } from "./cloud-images.ts";
import { declareBackup, declareMonitoring } from "./cloud-operation.ts";
import { withCloudNeeds } from "./cloud-settings.ts";
import { declareVault } from "./cloud-vault.ts";
import { declareFleet, declareServerless, fleetOf, serverlessOf } from "./cloud-workers.ts";
import type { Platform } from "./outputs.ts";
import { admitted, frontendPlans } from "./plans.ts";
import { rented } from "./rented.ts";
import type { Settings } from "./settings.ts";
import { projectVersion } from "./version.ts";

const LIGHT_FRONTEND_PORT = 8620;
const DISPATCHER_PORT = 8650;

export function cloud(stack: string, given: Settings): pulumi.Output<Platform> {
  const settings = withCloudNeeds(given);
  const { domain, serverless: replicas } = settings;
  const prefix = `${settings.projectName}-${stack}`;
  const frontends = frontendPlans(settings);
  const fleet = fleetOf(settings);
  const serverless = serverlessOf(settings, prefix);
  const rentals = rented({ fleet, serverless, vatPercent: settings.vatPercent });
  const declaration = new Declaration(
    stack,
    cloudDeclaration(settings, { frontends, fleet, serverless, rentals: pulumi.output(rentals) }),
  );
  // A mandatory rule that it breaks stops the update before anything is made.
  const judged = { dependsOn: [declaration] };

  const vault = declareVault(settings, judged);
  const tailnet = new Tailnet(
    "tailnet",
    {
      ...settings.tailnet,
      projectName: prefix,
      queueManagerPort: settings.gatewayPort,
      redisPort: settings.redisPort,
      workerHealthPort: settings.workerHealthPort,
    },
    judged,
  );
  const join = (hostname: string, role: MachineRole, machine: string) => ({
    joinKey: tailnet.joinKey(hostname, { role, machine }),
    hostname,
    address: tailnet.addressOf(hostname),
    tags: [tagOf(prefix, role)],
  });

  const { appServer: server } = settings;
  const { ipv4, ipv6 } = server;
  new Dns("dns", { ...domain, ipv4, ...(ipv6 !== undefined && { ipv6 }) }, judged);

  const dataDirectory = path.join(server.directory, prefix);
  const folders = { ...dataFolders(dataDirectory, frontends) };
  const place = join(prefix, "app-server", ipv4);
  const machine = new AppServerMachine(
    "machine",
    {
      sshAddress: server.sshAddress ?? ipv4,
      sshUser: server.sshUser,
      tailscale: { authKey: place.joinKey, hostname: place.hostname, tags: place.tags },
      imageArchive: vault.images,
      directories: [
        server.directory,
        dataDirectory,
        ...Object.values(folders),
        // The restore of a backup and the figures of one lie in it.
        ...["backup", "backup/metrics", "certificates/metrics"].map((folder) =>
          path.join(dataDirectory, folder),
        ),
        ...(settings.monitoring
          ? [
              path.join(dataDirectory, "monitoring"),
              ...Object.values(monitoringFolders(dataDirectory)),
            ]
          : []),
        ...(replicas ? [path.join(dataDirectory, "dispatcher")] : []),
      ],
      record: {
        openPorts: server.openPorts,
        swapMb: server.swapMb,
        ...(server.rebootAt !== undefined && { rebootAt: server.rebootAt }),
      },
    },
    judged,
  );
  const subnet = subnets(server.containerNetwork);
  const host = new DockerHost("host", {
    address: machine.dockerAddress,
    prefix,
    ...registryAuth(settings),
    networks: networks.map((name) => ({
      name,
      internal: name !== "edge",
      subnet: subnet[name],
    })),
  });
  const images = appServerImages(settings.images, machine.images);

  const site = `https://${domain.hostname}`;
  const serverlessWorkers = serverless && declareServerless(serverless, settings, site, judged);
  const appServer = new AppServer("app-server", {
    ...settings,
    ...{ host, frontends, dataDirectory },
    version: projectVersion,
    workers: fleet?.workers.map(({ name }) => name) ?? [],
    slotTokens: serverlessWorkers?.slotTokens ?? {},
    bundleDirectory: () => "",
    frontendPort: () => LIGHT_FRONTEND_PORT,
    site: {
      serverName: domain.hostname,
      privateAddress: machine.privateAddress,
      containerNetwork: server.containerNetwork,
      frontendVersion: settings.frontendVersion,
      images,
      comfyuiMemoryMb: server.comfyuiMemoryMb,
      comfyuiCpus: server.comfyuiCpus,
      publicWorkers: serverless !== undefined,
      certificates: settings.certificates,
      ...(settings.cloudflareDnsToken !== undefined && {
        cloudflareToken: pulumi.secret(settings.cloudflareDnsToken),
      }),
    },
  });
  const operation = {
    ...{ host, prefix, appServer, dataDirectory, fleet },
    vault: vault.access,
    ssh: `${server.sshUser}@${server.sshAddress ?? ipv4}`,
    privateAddress: machine.privateAddress,
    images: machine.images,
    workerAddress: (worker: string) => tailnet.addressOf(`${prefix}-${worker}`),
  };
  const backup = declareBackup(settings, operation);
  const monitoring = declareMonitoring(settings, operation);
  if (serverlessWorkers) {
    new Dispatcher("dispatcher", {
      ...{ host, version: projectVersion, port: DISPATCHER_PORT },
      redis: appServer.redisFor("worker"),
      environment: serverlessWorkers.dispatcherEnvironment,
      secretEnvironment: serverlessWorkers.dispatcherSecrets,
      dataDirectory: path.join(dataDirectory, "dispatcher"),
      container: { image: machine.images.named(settings.images.dispatcher ?? "") },
    });
  }
  if (fleet) {
    declareFleet(fleet, settings, {
      prefix,
      appServer,
      models: vault.models,
      imageArchive: vault.images,
      privateAddress: machine.privateAddress,
      tailnet: (worker) =>
        join(
          `${prefix}-${worker}`,
          "worker",
          // Another machine under the same name needs a key of its own.
          [fleet.instanceType, fleet.systemImage, fleet.locationCode, fleet.spot].join(" "),
        ),
      judged,
    });
  }

  return pulumi.secret(
    pulumi.output({
      stack,
      kind: settings.kind,
      users: admitted(settings, appServer.participants).map(({ id, token }) => ({
        id,
        token,
        url: `${site}/${id}/`,
        link: pulumi.interpolate`${site}/${id}/?token=${token}`,
      })),
      admin: {
        url: `${site}/admin/`,
        link: pulumi.interpolate`${site}/admin/?token=${appServer.adminToken}`,
        token: appServer.adminToken,
      },
      workers: [
        ...(fleet?.workers ?? []).map(({ name, comfyuiVersion }) => ({
          ...{ name, comfyuiVersion, simulated: false },
        })),
        ...(serverless
          ? [{ name: serverless.name, comfyuiVersion: serverless.comfyuiVersion, simulated: false }]
          : []),
      ],
      vault: vault.access,
      backup: backup.access,
      ...(monitoring && {
        monitoring: { url: monitoring.urls.grafana, password: monitoring.grafanaPassword },
      }),
      appServer: {
        dockerAddress: machine.dockerAddress,
        privateAddress: machine.privateAddress,
        containerPrefix: prefix,
        dataDirectory,
      },
    }),
  );
}
