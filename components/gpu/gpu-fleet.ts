import * as pulumi from "@pulumi/pulumi";
import { SshKey, Volume } from "../verda/index.ts";
import { GpuWorker, type GpuWorkerArgs, type TailnetPlace } from "./gpu-worker.ts";
import type { FleetSettings } from "./settings.ts";
import { assertModelsFit } from "./shared-filesystem.ts";

export interface GpuFleetArgs extends Pick<
  GpuWorkerArgs,
  "prefix" | "queue" | "models" | "imageArchive" | "healthPort" | "registryAuth"
> {
  readonly settings: FleetSettings;
  /** Whose key may log in to the machines; of the agent that runs the update. */
  readonly sshPublicKey: pulumi.Input<string>;
  /** Worker's name → its token at the queue manager. */
  readonly tokens: Readonly<Record<string, pulumi.Input<string>>>;
  /** Worker's name → its place in the private network. */
  readonly tailnet: (worker: string) => TailnetPlace;
}

/** The workers of a stack on rented machines, with one filesystem for their models. */
export class GpuFleet extends pulumi.ComponentResource {
  readonly sharedFilesystem: Volume;
  readonly workers: readonly GpuWorker[];

  /** @throws Error with one sentence when the models do not fit or a worker has no token */
  constructor(name: string, args: GpuFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:gpu:GpuFleet", name, {}, opts);
    const { prefix, settings, sshPublicKey, tokens, tailnet, ...shared } = args;
    assertModelsFit(settings.sharedFilesystemGb, settings.templates);
    const own = { parent: this };

    const key = new SshKey(
      `${name}-ssh-key`,
      { name: `${prefix}-operator`, publicKey: sshPublicKey },
      own,
    );
    this.sharedFilesystem = new Volume(
      `${name}-shared-filesystem`,
      {
        name: `${prefix}-models`,
        type: "NVMe_Shared",
        size: settings.sharedFilesystemGb,
        locationCode: settings.locationCode,
      },
      { ...own, protect: settings.protectVolumes },
    );

    const workers: GpuWorker[] = [];
    for (const [index, worker] of settings.workers.entries()) {
      const token = tokens[worker.name];
      if (token === undefined) throw new Error(`${worker.name} has no token: add it to tokens.`);
      // A worker waits until the one that far before it is done and healthy: the first is the
      // canary, and never more than that many are down.
      const after = workers[index - settings.atMostDown];
      workers.push(
        new GpuWorker(
          worker.name,
          {
            ...shared,
            ...{ prefix, settings, worker, token },
            sharedFilesystem: this.sharedFilesystem,
            sshKeyIds: [key.id],
            tailnet: tailnet(worker.name),
            ...(after && { after }),
          },
          own,
        ),
      );
    }
    this.workers = workers;
    this.registerOutputs({});
  }
}
