import type { Environment } from "@comfymulti/frontend/environment";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import { nodeProgram } from "../installation.ts";
import type { VariablesOf } from "../service-environment.ts";
import type { ContainerPlace } from "./container-place.ts";

export interface LightFrontendArgs {
  readonly host: Host;
  readonly port: number;
  /** ComfyUI version whose editor is served. */
  readonly comfyuiVersion: string;
  /** The official frontend package, unpacked. An image has its own. */
  readonly bundleDirectory: string;
  /** Participants' workflows and settings. */
  readonly userdataDirectory: string;
  /** For Node's compiled code; may be lost at any time. */
  readonly cacheDirectory: string;
  /** Everybody, also who sees another version: who is sent here is the queue manager's matter. */
  readonly users: readonly string[];
  /** What the gateway shows so that the frontend believes its identity header. */
  readonly token: pulumi.Input<string>;
  readonly container?: ContainerPlace & {
    /** Where it puts the editor's hashed files for nginx. */
    readonly editorDirectory: string;
  };
}

/** Name of the service that serves one version's editor. */
export const lightFrontendName = (comfyuiVersion: string) =>
  `frontend-${comfyuiVersion.replaceAll(".", "-")}`;

/** ComfyUI's own editor of one version, unmodified, for all participants from one process. */
export class LightFrontend extends pulumi.ComponentResource {
  readonly url: string;
  readonly service: Service;

  constructor(name: string, args: LightFrontendArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:LightFrontend", name, {}, opts);
    const { host, port, container } = args;
    this.url = `http://${host.addressOf(name)}:${port}`;

    const environment = {
      HOST: "127.0.0.1",
      PORT: String(port),
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

    this.service = host.service(
      name,
      {
        ...program,
        version: args.comfyuiVersion,
        environment: { ...program.environment, ...environment, ...lean },
        secretEnvironment: { FRONTEND_TOKEN: args.token },
        directories: [args.userdataDirectory, args.cacheDirectory],
        listens: [{ host: "127.0.0.1", port, purpose: "frontendPort" }],
        health: { kind: "http", url: `http://127.0.0.1:${port}/health` },
        ...(container && {
          container: {
            image: container.image,
            memoryMb: 512,
            cpus: 1,
            networks: [{ name: "internal" }],
            mounts: [args.userdataDirectory, container.editorDirectory].map((place) => ({
              type: "bind" as const,
              source: place,
              target: place,
            })),
            environment: {
              HOST: "0.0.0.0",
              BUNDLE_DIRECTORY: IMAGE_BUNDLE_DIRECTORY,
              EDITOR_DIRECTORY: container.editorDirectory,
              NODE_COMPILE_CACHE: "/tmp/node",
              SOURCE_HASH: undefined,
            },
          },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** Where the image has the editor of its version: services/Dockerfile. */
const IMAGE_BUNDLE_DIRECTORY = "/opt/comfymulti/editor";
