import { comfyuiVersions } from "@comfymulti/workflows";
import { renderGatewayToken, renderNginxConfig } from "@comfymulti/nginx";
import type { NginxSettingsInput } from "@comfymulti/nginx";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../hosts/index.ts";
import type { ContainerPlace } from "./container-place.ts";
import { COMFYUI_PORT } from "./comfyui-frontend.ts";
import { comfyuiName, type FrontendPlan } from "./frontends.ts";

export interface FrontDoorArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  /** `comfy.example.net` */
  readonly serverName: string;
  /** ComfyUI version that most participants see: its hashed files are served from disk. */
  readonly frontendVersion: string;
  readonly frontends: readonly FrontendPlan[];
  /** `172.29.81.11:8600` each. */
  readonly queueManagers: readonly string[];
  /** Its own address in the network without a way out, where queue managers find full ComfyUIs. */
  readonly address: string;
  /** Port for workers, on the private address. */
  readonly workerPort: number;
  /** Address of the machine in the private network. */
  readonly privateAddress: pulumi.Input<string>;
  /** Whether workers come from outside the private network: serverless replicas. */
  readonly publicWorkers: boolean;
  readonly frontendToken: pulumi.Output<string>;
  readonly directories: {
    /** `certificate.pem` and `key.pem`. */
    readonly tls: string;
    /** ACME challenges. */
    readonly acme: string;
    /** Hashed files of editors. */
    readonly editor: string;
  };
  readonly container: ContainerPlace;
}

const FRONTEND_DOOR_PORT = 8200;
/** In memory; nginx writes bodies under way into it. */
const RUN_DIRECTORY = "/tmp/nginx";
/** Docker's own DNS server in every container. */
const DOCKER_RESOLVER = "127.0.0.11";
const GATEWAY_TOKEN_FILE = `${RUN_DIRECTORY}/gateway-token.conf`;

/** nginx: TLS, limits, the editor's files, and the way to the queue managers. */
export class FrontDoor extends pulumi.ComponentResource {
  readonly service: Service;
  /** Where queue managers reach the full ComfyUIs. */
  static comfyuiDoor(address: string): string {
    return `http://${address}:${FRONTEND_DOOR_PORT}`;
  }

  constructor(name: string, args: FrontDoorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:FrontDoor", name, {}, opts);
    const { directories, workerPort } = args;
    this.service = args.host.service(
      name,
      {
        version: args.version,
        command: ["nginx"],
        workingDirectory: "/",
        environment: {
          NGINX_CONFIG: renderNginxConfig(nginxSettings(args)),
          GATEWAY_TOKEN_FILE,
          TLS_DIRECTORY: directories.tls,
          SERVER_NAME: args.serverName,
        },
        secretEnvironment: { GATEWAY_TOKEN_CONFIG: args.frontendToken.apply(renderGatewayToken) },
        health: { kind: "http", url: "http://127.0.0.1:8081/status" },
        // Open connections may take their time; a reload needs no stop.
        stop: { signal: "SIGQUIT", graceSeconds: 10 },
        container: {
          image: args.container.image,
          memoryMb: 512,
          cpus: 2,
          networks: [
            { name: "edge" },
            { name: "internal", address: args.address },
            { name: "frontends" },
          ],
          mounts: [
            { type: "bind", source: directories.tls, target: directories.tls, readOnly: true },
            { type: "bind", source: directories.acme, target: directories.acme, readOnly: true },
            {
              type: "bind",
              source: directories.editor,
              target: directories.editor,
              readOnly: true,
            },
          ],
          ports: [
            { internal: 80, external: 80, ip: "0.0.0.0" },
            { internal: 443, external: 443, ip: "0.0.0.0" },
            { internal: 80, external: 80, ip: "::" },
            { internal: 443, external: 443, ip: "::" },
            {
              internal: workerPort,
              external: workerPort,
              ip: pulumi.output(args.privateAddress),
            },
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

function nginxSettings(args: FrontDoorArgs): NginxSettingsInput {
  const { directories, frontends } = args;
  // One version for all: the files of another come from that frontend itself, so that a canary
  // changes nothing here.
  const editorVersion = comfyuiVersions[args.frontendVersion]?.frontendPackage ?? "";
  const full = frontends.some(({ engine }) => engine !== "light");
  return {
    serverName: args.serverName,
    tls: {
      certificate: `${directories.tls}/certificate.pem`,
      certificateKey: `${directories.tls}/key.pem`,
    },
    acmeDirectory: directories.acme,
    editorDirectory: directories.editor,
    queueManagers: [...args.queueManagers],
    users: frontends.map((plan) =>
      plan.engine === "light"
        ? { id: plan.user, kind: "light", editorVersion }
        : {
            id: plan.user,
            kind: "comfyui",
            editorVersion,
            address: `${comfyuiName(plan)}:${COMFYUI_PORT}`,
            multiUser: plan.engine === "comfyui-shared",
          },
    ),
    ...(full && {
      frontendDoor: {
        listen: { address: args.address, port: FRONTEND_DOOR_PORT },
        gatewayTokenFile: GATEWAY_TOKEN_FILE,
        resolver: DOCKER_RESOLVER,
      },
    }),
    workerDoor: { listen: { address: "0.0.0.0", port: args.workerPort } },
    workerNetworks: args.publicWorkers ? ["0.0.0.0/0", "::/0"] : [],
    maintenanceFlag: `${directories.acme}/maintenance`,
    runDirectory: RUN_DIRECTORY,
  };
}
