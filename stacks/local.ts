/** Stack `local`: the whole platform as processes on this machine. */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { AppServer } from "../components/app-server/index.ts";
import { Declaration, plainSecrets } from "../components/declaration/index.ts";
import { SimulatedComfyui, Worker } from "../components/gpu/index.ts";
import { ProcessHost } from "../components/hosts/index.ts";
import { bundleDirectory, stackDirectories } from "./places.ts";
import { isConfigSecret } from "./config-secret.ts";
import type { Platform } from "./outputs.ts";
import { admitted, frontendPlans, frontendPortOf, workerPlans, type WorkerPlan } from "./plans.ts";
import { rehearsedMachines } from "./rehearsed-machines.ts";
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
    frontends: frontendPlans(settings),
    frontendPort: (version) => frontendPortOf(settings, version),
    workers: workerPlans(settings).map(({ name }) => name),
    bundleDirectory,
    dataDirectory: directories.data,
  });
  const machines = rehearsedMachines(stack, settings);
  const place = { host, appServer, settings, machines, dataDirectory: directories.data };
  const workers = workerPlans(settings).map((plan, index) => declareWorker(plan, index, place));

  return pulumi.secret(
    pulumi.output({
      stack,
      kind: settings.kind,
      users: admitted(settings, appServer.participants).map(({ id, token }) => ({
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

/** What the rules in `policies/` have to know of the stack as a whole. */
function declare(stack: string, settings: Settings): Declaration {
  return new Declaration(stack, {
    kind: settings.kind,
    frontends: frontendPlans(settings).map((plan) => ({ ...plan, engine: "light" })),
    workers: workerPlans(settings).map(({ name, version }) => ({
      name,
      comfyuiVersion: version,
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
  /** Those that a rehearsal rents, by worker. */
  readonly machines: ReadonlyMap<string, pulumi.Resource>;
  readonly dataDirectory: string;
}

/** A worker with its ComfyUI: the configured real one, else a simulated one of its own. */
function declareWorker(
  { name, version }: WorkerPlan,
  index: number,
  place: WorkerPlace,
): Platform["workers"][number] {
  const { host, appServer, settings, dataDirectory } = place;
  const machine = place.machines.get(name);
  const token = appServer.workerTokens[name];
  if (!token) throw new Error(`${name} has no token`);
  const realUrl = settings.comfyuiUrls[index];
  const simulated = realUrl
    ? undefined
    : new SimulatedComfyui(`comfyui-${index + 1}`, {
        host,
        port: settings.comfyuiPort + index,
        comfyuiVersion: version,
        dataDirectory: path.join(dataDirectory, `comfyui-${index + 1}`),
        speed: settings.simulationSpeed,
      });
  new Worker(
    name,
    {
      host,
      comfyuiVersion: version,
      comfyuiUrl: realUrl ?? simulated?.url ?? "",
      token,
      redis: appServer.redisFor("worker"),
      queueManagerUrl: appServer.url,
      healthPort: settings.workerHealthPort + index,
      spoolDirectory: path.join(dataDirectory, `${name}-spool`),
      leaseSeconds: settings.leaseSeconds,
      executionTimeoutSeconds: settings.executionTimeoutSeconds,
      jobTimeoutSeconds: settings.jobTimeoutSeconds,
    },
    { dependsOn: [appServer, ...(simulated ? [simulated] : []), ...(machine ? [machine] : [])] },
  );
  return { name, comfyuiVersion: version, simulated: !realUrl };
}
