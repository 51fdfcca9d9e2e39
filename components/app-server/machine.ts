import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { renderHostBootstrap, type HostRecord } from "../bootstrap/index.ts";
import { MachineImages, type ReadableBucket } from "../storage/index.ts";

export interface AppServerMachineArgs {
  /** Where ssh reaches it. */
  readonly sshAddress: string;
  /** Logs in with the ssh agent (`SSH_AUTH_SOCK`) of whoever runs the update. */
  readonly sshUser: string;
  readonly tailscale: {
    /** A key for one machine, used once. Secret. */
    readonly authKey: pulumi.Input<string>;
    readonly hostname: string;
    readonly tags: readonly string[];
  };
  /** Folders of the containers. */
  readonly directories: readonly string[];
  /** The vault's bucket of images. */
  readonly imageArchive: ReadableBucket;
  readonly record: Pick<HostRecord, "openPorts" | "swapMb" | "rebootAt">;
}

/** A machine that is just rented may take this long until ssh answers. */
const DIAL_SECONDS = 15;
const DIALS = 20;

/** The VPS, made ready by ssh: Docker, private network, firewall, folders. */
export class AppServerMachine extends pulumi.ComponentResource {
  /** Its address in the private network, known once it has joined. */
  readonly privateAddress: pulumi.Output<string>;
  /** For `DockerHost`; known when Docker runs. */
  readonly dockerAddress: pulumi.Output<string>;
  /** The images that it has from the vault. */
  readonly images: MachineImages;

  constructor(name: string, args: AppServerMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:AppServerMachine", name, {}, opts);
    const { sshAddress, sshUser, tailscale, directories, record } = args;
    const connection = {
      host: sshAddress,
      user: sshUser,
      perDialTimeout: DIAL_SECONDS,
      dialErrorLimit: DIALS,
      ...(process.env["SSH_AUTH_SOCK"] && { agentSocketPath: process.env["SSH_AUTH_SOCK"] }),
    };
    const script = pulumi.secret(tailscale.authKey).apply((authKey) =>
      renderHostBootstrap({
        ...record,
        tailscale: { ...tailscale, tags: [...tailscale.tags], authKey },
        directories: directories.map((path) => ({ path })),
      }),
    );
    const asRoot = sshUser === "root" ? "" : "sudo ";
    const bootstrap = new command.remote.Command(
      `${name}-bootstrap`,
      {
        connection,
        create: `${asRoot}bash -s`,
        // By standard input: a command line can be read by others.
        stdin: script,
        logging: command.remote.Logging.StdoutAndStderr,
      },
      { parent: this, additionalSecretOutputs: ["stdin"] },
    );
    const address = new command.remote.Command(
      `${name}-address`,
      {
        connection,
        create: `${asRoot}tailscale ip -4`,
        triggers: [bootstrap.stdin],
      },
      { parent: this, dependsOn: [bootstrap] },
    );
    this.privateAddress = address.stdout.apply((text) => text.trim());
    this.dockerAddress = address.stdout.apply(() => `ssh://${sshUser}@${sshAddress}`);
    this.images = new MachineImages(
      `${name}-images`,
      { connection, asRoot, archive: args.imageArchive, machine: sshAddress, dependsOn: [address] },
      { parent: this },
    );
    this.registerOutputs({ privateAddress: this.privateAddress });
  }
}
