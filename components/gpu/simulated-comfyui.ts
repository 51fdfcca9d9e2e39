import type { Environment } from "@comfymulti/simulated-comfyui/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";

export interface SimulatedComfyuiArgs {
  readonly host: Host;
  readonly port: number;
  readonly comfyuiVersion: string;
  readonly dataDirectory: string;
  /** Simulated seconds per real second. */
  readonly speed: number;
}

/** A ComfyUI without a GPU: labelled pictures instead of rendered ones, everything else real. */
export class SimulatedComfyui extends pulumi.ComponentResource {
  readonly url: string;
  readonly service: Service;

  constructor(name: string, args: SimulatedComfyuiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:gpu:SimulatedComfyui", name, {}, opts);
    const listenAddress = "127.0.0.1";
    this.url = `http://${listenAddress}:${args.port}`;
    const environment = {
      HOST: listenAddress,
      PORT: String(args.port),
      COMFYUI_VERSION: args.comfyuiVersion,
      DATA_DIRECTORY: args.dataDirectory,
      SPEED: String(args.speed),
    } satisfies VariablesOf<Environment>;

    const program = nodeProgram("worker/simulated-comfyui/src/main.ts", [
      "worker/simulated-comfyui/src",
      "services/configuration/src",
      "workflows",
    ]);
    this.service = args.host.service(
      name,
      {
        ...program,
        version: `${args.comfyuiVersion} (simulated)`,
        environment: { ...program.environment, ...environment },
        directories: [args.dataDirectory],
        listens: [{ host: listenAddress, port: args.port, purpose: "comfyuiPort" }],
        health: { kind: "http", url: `${this.url}/system_stats`, timeoutSeconds: 120 },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
