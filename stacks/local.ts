/** Stack `local`: the whole platform as processes on this machine. */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { AppServer } from "../components/app-server/index.ts";
import { Declaration, plainSecrets } from "../components/declaration/index.ts";
import { SimulatedComfyui, Worker } from "../components/gpu/index.ts";
import { ProcessHost } from "../components/hosts/index.ts";
import { userNames, workerNames } from "../components/naming.ts";
import { bundleDirectory, stackDirectories } from "./places.ts";
import type { Platform } from "./outputs.ts";
import type { Settings } from "./settings.ts";
import { projectVersion } from "./version.ts";

export function local(stack: string, settings: Settings): pulumi.Output<Platform> {
  const directories = stackDirectories(stack);
  const declaration = declare(stack, settings);
  // Waits for the declaration: a mandatory rule that it breaks stops the update before any service.
  const host = new ProcessHost(stack, {
    directory: declaration.urn.apply(() => directories.data),
  });

  const appServer = new AppServer("app-server", {
    ...settings,
    host,
    version: projectVersion,
    users: userNames(settings.users),
    workers: workerNames(settings.workers),
    bundleDirectory: bundleDirectory(settings.frontendVersion),
    listenAddress: "127.0.0.1",
    dataDirectory: directories.data,
  });
  const workers = workerNames(settings.workers).map((name, index) =>
    declareWorker(name, index, { host, appServer, settings, dataDirectory: directories.data }),
  );

  return pulumi.secret(
    pulumi.output({
      stack,
      kind: settings.kind,
      users: appServer.participants.map(({ id, token }) => ({
        id,
        token,
        url: `${appServer.url}/${id}/`,
        link: pulumi.interpolate`${appServer.url}/${id}/?token=${token}`,
      })),
      admin: {
        url: `${appServer.url}/admin/`,
        link: pulumi.interpolate`${appServer.url}/admin/?token=${appServer.adminToken}`,
        token: appServer.adminToken,
      },
      workers,
      directories: {
        logs: directories.logs,
        outputs: path.join(directories.data, "files", "outputs"),
        data: directories.data,
      },
    }),
  );
}

/** The engine's SDK exports this function and leaves it out of its types. */
const { isConfigSecret } = pulumi.runtime as unknown as {
  isConfigSecret: (key: string) => boolean;
};

/** What the rules in `policies/` have to know of the stack as a whole. */
function declare(stack: string, settings: Settings): Declaration {
  return new Declaration(stack, {
    kind: settings.kind,
    frontends: userNames(settings.users).map((user) => ({
      user,
      engine: "light",
      version: settings.frontendVersion,
    })),
    workers: workerNames(settings.workers).map((name) => ({
      name,
      comfyuiVersion: settings.workerVersion,
      host: "local",
    })),
    templates: settings.templates,
    canaries: settings.canaries,
    retained: settings.retained,
    lastBackup: settings.lastBackup,
    endsAt: settings.endsAt,
    budget: settings.budget,
    monitoring: false,
    edge: { public: false, tls: false, routes: [{ path: "/", to: "queue-manager" }] },
    plainSecrets: plainSecrets(pulumi.runtime.allConfig(), isConfigSecret),
  });
}

interface WorkerPlace {
  readonly host: ProcessHost;
  readonly appServer: AppServer;
  readonly settings: Settings;
  readonly dataDirectory: string;
}

/** A worker with its ComfyUI: the configured real one, else a simulated one of its own. */
function declareWorker(
  name: string,
  index: number,
  place: WorkerPlace,
): Platform["workers"][number] {
  const { host, appServer, settings, dataDirectory } = place;
  const token = appServer.workerTokens[name];
  if (!token) throw new Error(`${name} has no token`);
  const realUrl = settings.comfyuiUrls[index];
  const simulated = realUrl
    ? undefined
    : new SimulatedComfyui(`comfyui-${index + 1}`, {
        host,
        port: settings.comfyuiPort + index,
        comfyuiVersion: settings.workerVersion,
        dataDirectory: path.join(dataDirectory, `comfyui-${index + 1}`),
        speed: settings.simulationSpeed,
      });
  new Worker(
    name,
    {
      host,
      comfyuiVersion: settings.workerVersion,
      comfyuiUrl: realUrl ?? simulated?.url ?? "",
      token,
      redis: appServer.redis,
      queueManagerUrl: appServer.url,
      healthPort: settings.workerHealthPort + index,
      spoolDirectory: path.join(dataDirectory, `${name}-spool`),
      leaseSeconds: settings.leaseSeconds,
      executionTimeoutSeconds: settings.executionTimeoutSeconds,
      jobTimeoutSeconds: settings.jobTimeoutSeconds,
    },
    { dependsOn: simulated ? [appServer, simulated] : [appServer] },
  );
  return { name, comfyuiVersion: settings.workerVersion, simulated: !realUrl };
}
