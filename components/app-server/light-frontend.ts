import type { Environment } from "@comfymulti/frontend/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeCommand, repository } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";
import { Token } from "../secrets/index.ts";

export interface LightFrontendArgs {
  readonly host: Host;
  readonly listenAddress: string;
  readonly port: number;
  /** ComfyUI version whose editor is served. */
  readonly comfyuiVersion: string;
  /** The official frontend package, unpacked. */
  readonly bundleDirectory: string;
  /** Participants' workflows and settings. */
  readonly userdataDirectory: string;
  readonly users: readonly string[];
}

/** ComfyUI's own editor, unmodified, for all participants from one process. */
export class LightFrontend extends pulumi.ComponentResource {
  readonly url: string;
  /** What the gateway shows so that the frontend believes its identity header. */
  readonly token: pulumi.Output<string>;
  readonly service: Service;

  constructor(name: string, args: LightFrontendArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:LightFrontend", name, {}, opts);
    const token = new Token(`${name}-token`, {}, { parent: this });
    this.url = `http://${args.listenAddress}:${args.port}`;
    this.token = token.value;

    const environment = {
      HOST: args.listenAddress,
      PORT: String(args.port),
      BUNDLE_DIRECTORY: args.bundleDirectory,
      USERDATA_DIRECTORY: args.userdataDirectory,
      USERS: JSON.stringify(args.users),
      COMFYUI_VERSION: args.comfyuiVersion,
    } satisfies VariablesOf<Environment>;
    const secretEnvironment = { FRONTEND_TOKEN: token.value };

    this.service = args.host.service(
      name,
      {
        version: args.comfyuiVersion,
        command: nodeCommand("services/frontend/src/main.ts"),
        environment,
        secretEnvironment,
        workingDirectory: repository,
        directories: [args.userdataDirectory],
        listens: [{ host: args.listenAddress, port: args.port, purpose: "frontendPort" }],
        health: { kind: "http", url: `${this.url}/health` },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
