import type { Environment } from "@comfymulti/worker/environment";
import * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { renderGpuStartupScript } from "../bootstrap/index.ts";
import { DockerHost, type ContainerService } from "../hosts/index.ts";
import type { VariablesOf } from "../service-environment.ts";
import { MachineImages, type ReadableBucket } from "../storage/index.ts";
import { Instance, StartupScript, Volume } from "../verda/index.ts";
import type { FleetSettings, FleetWorker } from "./settings.ts";
import { nfsTarget } from "./shared-filesystem.ts";
import { WorkerDrain } from "./worker-drain.ts";

/** How a machine joins the private network and is found there. */
export interface TailnetPlace {
  /** A key for one machine, used once. Secret. */
  readonly joinKey: pulumi.Input<string>;
  readonly hostname: string;
  /** `worker-1.tail1234.ts.net`, or an address. */
  readonly address: pulumi.Input<string>;
  readonly tags: readonly string[];
}

/** What a worker talks to, as it is seen from the private network. */
export interface WorkerQueue {
  readonly queueManagerUrl: pulumi.Input<string>;
  readonly redisHost: pulumi.Input<string>;
  readonly redisPort: number;
  readonly redisUsername?: pulumi.Input<string>;
  /** Secret. */
  readonly redisPassword: pulumi.Input<string>;
  /** Where the machine that runs the update reaches the admin API. Default: `queueManagerUrl`. */
  readonly adminUrl?: pulumi.Input<string>;
  /** Secret. */
  readonly adminToken: pulumi.Input<string>;
  readonly leaseSeconds: number;
  readonly executionTimeoutSeconds: number;
  readonly jobTimeoutSeconds: number;
}

export interface GpuWorkerArgs {
  /** Goes before names on Verda and of containers, so that two stacks fit in one account. */
  readonly prefix: string;
  readonly settings: FleetSettings;
  readonly worker: FleetWorker;
  readonly token: pulumi.Input<string>;
  readonly sharedFilesystem: Volume;
  readonly sshKeyIds: readonly pulumi.Input<string>[];
  readonly tailnet: TailnetPlace;
  readonly queue: WorkerQueue;
  /** The bucket from which models come. */
  readonly models: ReadableBucket;
  /** Port of `/health` and `/metrics` in the private network. */
  readonly healthPort: number;
  /** The vault's bucket of images. */
  readonly imageArchive: ReadableBucket;
  /** Where images of private registries are fetched from. */
  readonly registryAuth?: docker.ProviderArgs["registryAuth"];
  /** The worker that has to be up again before this one may go down. Default: none. */
  readonly after?: GpuWorker;
}

/** The user of the worker's image; owns what it writes. */
const WORKER_USER = "10001:10001";
/** Longest wait for ComfyUI's own start, seconds. */
const STARTUP_TIMEOUT_SECONDS = 120;
/** 30 s for the running job, 55 s to deliver what is done and to end ComfyUI. */
const STOP_SECONDS = 90;
/** PyTorch's workers hand each other tensors in shared memory, MB. */
const SHARED_MEMORY_MB = 8192;
const SSH_USER = "root";
/**
 * The private network proves who answers, by the machine's key in it; a rented machine's ssh key is
 * new each time and proves nothing.
 */
const SSH_OPTIONS = [
  ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
  ...["-o", "ConnectTimeout=20", "-o", "LogLevel=ERROR"],
];

/** One rented machine with a GPU, and the worker's container on it. */
export class GpuWorker extends pulumi.ComponentResource {
  readonly instance: Instance;
  readonly service: ContainerService;
  /** Ended before the container ends: depends on everything of this worker. */
  readonly drain: WorkerDrain;

  constructor(name: string, args: GpuWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:gpu:GpuWorker", name, {}, opts);
    this.instance = this.#machine(name, args);
    const ready = this.#ready(name, args);

    const host = new DockerHost(
      `${name}-host`,
      {
        address: pulumi.interpolate`ssh://${SSH_USER}@${args.tailnet.address}`,
        sshOptions: SSH_OPTIONS,
        prefix: args.prefix,
        machine: this.instance.id,
        ...(args.registryAuth && { registryAuth: args.registryAuth }),
      },
      { parent: this },
    );
    const archived = new MachineImages(
      `${name}-images`,
      {
        connection: this.#connection(args.tailnet, args.settings.readySeconds),
        archive: args.imageArchive,
        machine: this.instance.id,
        dependsOn: [ready],
      },
      { parent: this },
    );
    const fetched = (resource: string, reference: string) => {
      const { localName, resource: loaded } = archived.load(reference) ?? {};
      if (localName !== undefined && loaded) return { image: localName, resource: loaded };
      const opts = { parent: this, dependsOn: [ready] };
      return { image: reference, resource: host.image(resource, reference, opts) };
    };
    const { image, resource: imageThere } = fetched(`${name}-image`, args.worker.image);
    if (args.worker.previousImage !== undefined) {
      fetched(`${name}-previous-image`, args.worker.previousImage);
    }
    const restored = this.#restore(name, args, image, imageThere);
    this.service = host.service(name, workerSpec(name, args, image), {
      parent: this,
      dependsOn: [imageThere, restored],
      // A machine that is replaced takes its container along: nobody is there to delete it from.
      deletedWith: this.instance,
    });
    this.drain = new WorkerDrain(
      `${name}-drain`,
      {
        worker: name,
        runs: this.service.id,
        queueManagerUrl: args.queue.adminUrl ?? args.queue.queueManagerUrl,
        adminToken: args.queue.adminToken,
        timeoutSeconds: args.settings.drainSeconds,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }

  /** The machine with its own disk, started with the script that makes it ready. */
  #machine(name: string, args: GpuWorkerArgs): Instance {
    const { prefix, settings, sharedFilesystem, tailnet, sshKeyIds, after } = args;
    const own = { parent: this };
    const { locationCode } = settings;
    const scratch = new Volume(
      `${name}-scratch`,
      // Results that are not delivered yet lie on it: it outlives the machine.
      { name: `${prefix}-${name}-scratch`, type: "NVMe", size: settings.scratchGb, locationCode },
      { ...own, protect: settings.protectVolumes },
    );
    const script = pulumi
      .all([
        scratch.id,
        sharedFilesystem.mountCommand,
        sharedFilesystem.pseudoPath,
        pulumi.secret(tailnet.joinKey),
      ])
      .apply(([volumeId, mountCommand, pseudoPath, authKey]) =>
        renderGpuStartupScript({
          scratch: { volumeId },
          sharedFilesystem: { target: nfsTarget({ mountCommand, pseudoPath, locationCode }) },
          workerUser: WORKER_USER,
          tailscale: { authKey, hostname: tailnet.hostname, tags: [...tailnet.tags] },
        }),
      );
    const startup = new StartupScript(
      `${name}-startup`,
      { name: `${prefix}-${name}`, script: pulumi.secret(script) },
      { ...own, additionalSecretOutputs: ["script"] },
    );
    return new Instance(
      `${name}-instance`,
      {
        hostname: `${prefix}-${name}`,
        instanceType: settings.instanceType,
        image: settings.systemImage,
        locationCodes: [locationCode],
        isSpot: settings.spot,
        sshKeyIds: [...sshKeyIds],
        startupScriptId: startup.id,
        existingVolumeIds: [scratch.id, sharedFilesystem.id],
      },
      {
        ...own,
        ...(after && { dependsOn: [after.service, after.drain] }),
      },
    );
  }

  /** Waits until the machine is in the private network and its script is through. */
  #ready(name: string, { settings, tailnet }: GpuWorkerArgs): command.remote.Command {
    const seconds = settings.readySeconds;
    return new command.remote.Command(
      `${name}-ready`,
      {
        connection: this.#connection(tailnet, seconds),
        create: `timeout ${seconds} sh -c 'until test -f /var/lib/comfymulti/ready; do sleep 3; done'`,
        triggers: [this.instance.id],
      },
      { parent: this },
    );
  }

  /** Hands over what the restore needs, and waits until the models are there. */
  #restore(
    name: string,
    { settings, tailnet, models }: GpuWorkerArgs,
    image: string,
    imageThere: pulumi.Resource,
  ): command.remote.Command {
    const environment = pulumi.interpolate`R2_ENDPOINT=${models.endpoint}
R2_BUCKET=${models.bucket}
R2_ACCESS_KEY_ID=${models.accessKeyId}
R2_SECRET_ACCESS_KEY=${models.secretAccessKey}
`;
    const imageFile = "/etc/comfymulti/models-image.env";
    return new command.remote.Command(
      `${name}-models`,
      {
        connection: this.#connection(tailnet, settings.readySeconds),
        // By standard input: a command line can be read by others.
        stdin: pulumi.secret(environment),
        create: [
          "set -eu",
          "install -m 600 /dev/stdin /etc/comfymulti/models.env",
          `printf 'IMAGE=%s\\n' '${image}' > ${imageFile}`,
          `timeout ${settings.restoreSeconds} systemctl restart comfymulti-models.service`,
        ].join("\n"),
        triggers: [this.instance.id, image],
        logging: "none",
      },
      { parent: this, dependsOn: [imageThere], additionalSecretOutputs: ["stdin"] },
    );
  }

  #connection(tailnet: TailnetPlace, seconds: number) {
    const perDialTimeout = 15;
    return {
      host: tailnet.address,
      user: SSH_USER,
      perDialTimeout,
      dialErrorLimit: Math.ceil(seconds / perDialTimeout),
      ...(process.env["SSH_AUTH_SOCK"] && { agentSocketPath: process.env["SSH_AUTH_SOCK"] }),
    };
  }
}

/** The worker as a container on its own machine. */
function workerSpec(name: string, args: GpuWorkerArgs, image: string) {
  const { queue, settings, worker, healthPort } = args;
  const environment = {
    WORKER_NAME: name,
    INFERENCE_MODE: "redis",
    REDIS_PORT: String(queue.redisPort),
    // Every address of the machine: its firewall lets in the private network alone.
    HOST: "0.0.0.0",
    HEALTH_PORT: String(healthPort),
    LEASE_SECONDS: String(queue.leaseSeconds),
    EXECUTION_TIMEOUT_SECONDS: String(queue.executionTimeoutSeconds),
    JOB_TIMEOUT_SECONDS: String(queue.jobTimeoutSeconds),
    STARTUP_TIMEOUT_SECONDS: String(STARTUP_TIMEOUT_SECONDS),
  } satisfies VariablesOf<Environment>;
  return {
    version: worker.comfyuiVersion,
    command: ["/app/worker/image/entrypoint.sh"],
    workingDirectory: "/app",
    environment: {
      ...environment,
      INFERENCE_SERVER_REDIS_HOST: queue.redisHost,
      QUEUE_MANAGER_URL: queue.queueManagerUrl,
      ...(queue.redisUsername !== undefined && { REDIS_USERNAME: queue.redisUsername }),
    },
    secretEnvironment: { WORKER_TOKEN: args.token, REDIS_PASSWORD: queue.redisPassword },
    health: {
      kind: "http" as const,
      url: `http://127.0.0.1:${healthPort}/health`,
      timeoutSeconds: STARTUP_TIMEOUT_SECONDS + 30,
    },
    stop: { signal: "SIGTERM" as const, graceSeconds: STOP_SECONDS },
    container: {
      image,
      user: WORKER_USER,
      memoryMb: settings.memoryMb,
      cpus: settings.cpus,
      gpus: "all" as const,
      sharedMemoryMb: SHARED_MEMORY_MB,
      hostNetwork: true,
      // Videos pass through /tmp and ComfyUI's own folders: they lie on the disk, not in memory.
      writable: [],
      mounts: [
        { type: "bind" as const, source: "/mnt/sfs", target: "/mnt/sfs" },
        { type: "bind" as const, source: "/mnt/scratch", target: "/mnt/scratch" },
        { type: "bind" as const, source: "/mnt/scratch/data", target: "/app/data" },
        { type: "bind" as const, source: "/mnt/scratch/tmp", target: "/tmp" },
      ],
    },
  };
}
