/**
 * One of the monitoring's programs as a service: stock software, whose configuration comes by the
 * environment and is put into files by the shell that then becomes the program.
 */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import type { ContainerSpec, ServiceSpec } from "../hosts/index.ts";
import type { AppServerNetwork } from "./container-place.ts";

/** Where a container has the files: in memory. */
export const INSIDE = "/tmp/config";

export interface MonitoringProgram {
  /** A shell command; the program takes the shell's place. */
  readonly script: string;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secretEnvironment?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly healthPath: string;
  readonly directories?: readonly string[];
  readonly networks: readonly AppServerNetwork[];
  /** Whether its page is reachable on the private address. Default false. */
  readonly published?: boolean;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly mounts?: ContainerSpec["mounts"];
  /** Variables that differ in a container. */
  readonly inside?: Readonly<Record<string, pulumi.Input<string>>>;
}

export interface MonitoringPlace {
  readonly version: string;
  readonly port: number;
  /** For its files, where it is a process. */
  readonly configDirectory: string;
  readonly container:
    | { readonly image: pulumi.Input<string>; readonly privateAddress: pulumi.Input<string> }
    | undefined;
}

/** The program finds `LISTEN_ADDRESS` and `CONFIG_DIRECTORY` in its environment. */
export function monitoringSpec(program: MonitoringProgram, place: MonitoringPlace): ServiceSpec {
  const { version, port, configDirectory, container } = place;
  const command = ["sh", "-c", program.script];
  const healthUrl = `http://127.0.0.1:${port}${program.healthPath}`;
  return {
    ...{ version, command, workingDirectory: "/" },
    environment: {
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      CONFIG_DIRECTORY: configDirectory,
      ...program.environment,
    },
    secretEnvironment: program.secretEnvironment ?? {},
    directories: [...(program.directories ?? [])],
    listens: [{ host: "127.0.0.1", port, purpose: "monitoring" }],
    health: { kind: "http", url: healthUrl },
    ...(container && {
      container: {
        image: container.image,
        entrypoint: command,
        memoryMb: program.memoryMb,
        cpus: program.cpus,
        networks: program.networks.map((network) => ({ name: network })),
        mounts: program.mounts ?? [],
        // The images have BusyBox and no curl.
        healthCommand: ["wget", "-q", "-O", "/dev/null", healthUrl],
        ...(program.published && {
          ports: [{ internal: port, external: port, ip: pulumi.output(container.privateAddress) }],
        }),
        environment: {
          LISTEN_ADDRESS: `0.0.0.0:${port}`,
          CONFIG_DIRECTORY: INSIDE,
          ...program.inside,
        },
      },
    }),
  };
}

/** Shell that puts files into `$CONFIG_DIRECTORY`, each from a variable that the program then lacks. */
export function writing(files: Readonly<Record<string, string>>): string {
  return [
    "set -eu",
    "umask 077",
    ...Object.entries(files).flatMap(([file, variable]) => [
      `mkdir -p "$CONFIG_DIRECTORY/${path.posix.dirname(file)}"`,
      `printf '%s' "$${variable}" > "$CONFIG_DIRECTORY/${file}"`,
    ]),
    `unset ${Object.values(files).join(" ")}`,
  ].join("\n");
}
