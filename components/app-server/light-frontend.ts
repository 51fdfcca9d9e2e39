import type { Environment } from "@comfymulti/frontend/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
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
  /** For Node's compiled code; may be lost at any time. */
  readonly cacheDirectory: string;
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
    // It serves files: with a small young generation and one arena it needs 90 MB instead of 140.
    const lean = {
      NODE_OPTIONS: "--max-semi-space-size=2",
      MALLOC_ARENA_MAX: "1",
      NODE_COMPILE_CACHE: args.cacheDirectory,
    };
    const program = nodeProgram("services/frontend/src/main.ts", [
      "services/frontend/src",
      "services/configuration/src",
      "workflows",
    ]);

    this.service = args.host.service(
      name,
      {
        ...program,
        version: args.comfyuiVersion,
        environment: { ...program.environment, ...environment, ...lean },
        secretEnvironment: { FRONTEND_TOKEN: token.value },
        directories: [args.userdataDirectory, args.cacheDirectory],
        listens: [{ host: args.listenAddress, port: args.port, purpose: "frontendPort" }],
        health: { kind: "http", url: `${this.url}/health` },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
