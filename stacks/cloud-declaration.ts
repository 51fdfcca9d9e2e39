/** What the rules in `policies/` have to know of a stack in the cloud as a whole. */
import * as pulumi from "@pulumi/pulumi";
import type { FrontendPlan } from "../components/app-server/index.ts";
import { plainSecrets, type Declaration } from "../components/declaration/index.ts";
import type { FleetSettings, ServerlessSettings } from "../components/gpu/index.ts";
import { isConfigSecret } from "./config-secret.ts";
import type { Rented } from "./rented.ts";
import type { Settings } from "./settings.ts";

export interface Declared {
  readonly frontends: readonly FrontendPlan[];
  readonly fleet: FleetSettings | undefined;
  readonly serverless: ServerlessSettings | undefined;
  readonly rentals: pulumi.Output<Rented>;
}

/** nginx waits as long for an answer, seconds: services/nginx. */
const PROXY_TIMEOUT_SECONDS = 900;

export function cloudDeclaration(
  settings: Settings,
  { frontends, fleet, serverless, rentals }: Declared,
): ConstructorParameters<typeof Declaration>[1] {
  const { kind, templates, canaries, retained, lastBackup, endsAt, budget } = settings;
  return {
    ...{ kind, templates, canaries, retained },
    ...(lastBackup && { lastBackup }),
    ...(endsAt !== undefined && { endsAt }),
    ...(budget && { budget }),
    frontends: frontends.map(({ user, engine, version }) => ({
      user,
      engine: engine === "light" ? "light" : "comfyui",
      version,
    })),
    workers: rentals.apply(({ machineVramMiB, replicaVramMiB }) => [
      ...(fleet?.workers ?? []).map(({ name, comfyuiVersion }) => ({
        ...{ name, comfyuiVersion, spot: fleet?.spot ?? false },
        host: "instance" as const,
        ...(machineVramMiB !== undefined && { gpuVramMiB: machineVramMiB }),
      })),
      ...(serverless
        ? [
            {
              ...{ name: serverless.name, comfyuiVersion: serverless.comfyuiVersion },
              spot: serverless.spot,
              host: "serverless" as const,
              ...(replicaVramMiB !== undefined && { gpuVramMiB: replicaVramMiB }),
            },
          ]
        : []),
    ]),
    hourlyPrice: rentals.hourlyPrice,
    monitoring: settings.monitoring !== undefined,
    ...(fleet && {
      sharedFilesystem: {
        sizeGb: fleet.sharedFilesystemGb,
        mountedBy: fleet.workers.map(({ name }) => name),
      },
    }),
    edge: {
      public: true,
      tls: true,
      proxyTimeoutSeconds: PROXY_TIMEOUT_SECONDS,
      routes: [{ path: "/", to: "queue-manager" }],
    },
    plainSecrets: plainSecrets(pulumi.runtime.allConfig(), isConfigSecret),
  };
}
