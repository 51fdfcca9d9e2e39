import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import type { ContainerPlace } from "./container-place.ts";

export interface ComfyuiFrontendArgs {
  readonly host: Host;
  readonly comfyuiVersion: string;
  /** Whether several participants share it, each with settings and workflows of their own. */
  readonly shared: boolean;
  /** Address of the site, which a page that was opened past the gateway moves to. */
  readonly siteUrl: string;
  /** Whose it is; not looked at when shared. */
  readonly user: string;
  /** Workflows, settings, and the participant's own custom nodes. Owner 10001. */
  readonly dataDirectory: string;
  readonly container: ContainerPlace;
  readonly memoryMb: number;
  readonly cpus: number;
}

/** ComfyUI's own port. */
export const COMFYUI_PORT = 8188;

/** A whole ComfyUI on the CPU as a participant's frontend; its own queue is closed. */
export class ComfyuiFrontend extends pulumi.ComponentResource {
  readonly service: Service;

  constructor(name: string, args: ComfyuiFrontendArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:ComfyuiFrontend", name, {}, opts);
    const { shared, dataDirectory } = args;
    this.service = args.host.service(
      name,
      {
        version: args.comfyuiVersion,
        command: ["/app/entrypoint.sh"],
        workingDirectory: "/app",
        environment: shared
          ? { MULTI_USER: "1" }
          : { PARTICIPANT_URL: `${args.siteUrl}/${args.user}/` },
        health: {
          kind: "http",
          url: `http://127.0.0.1:${COMFYUI_PORT}/system_stats`,
          timeoutSeconds: 180,
        },
        container: {
          ...args.container,
          memoryMb: args.memoryMb,
          cpus: args.cpus,
          // Participants' own Python runs in it: it sees nothing but nginx.
          networks: [{ name: "frontends" }],
          mounts: [{ type: "bind", source: dataDirectory, target: "/app/data" }],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
