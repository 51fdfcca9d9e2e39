/** A real nginx on a rendered configuration, with ports and a folder of its own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { renderGatewayToken, renderNginxConfig, type NginxSettingsInput } from "@comfymulti/nginx";
import { freePort, ready } from "../../bench/platform/listening.ts";
import type { Certificates } from "./certificates.ts";

const execute = promisify(execFile);

export const SERVER_NAME = "localhost";

/** What a test decides; everything else is this file's. */
export type Wanted = Pick<NginxSettingsInput, "queueManagers" | "users"> &
  Partial<NginxSettingsInput> & {
    readonly certificates: Certificates;
    /** Bearer token of the frontend door, which is opened with it. */
    readonly gatewayToken?: string;
    /** Of the frontend door, where something has to know it before. */
    readonly frontendDoorPort?: number;
  };

export interface FrontDoor {
  /** `https://localhost:PORT` */
  readonly origin: string;
  readonly httpsPort: number;
  readonly httpOrigin: string;
  readonly workerOrigin: string;
  readonly statusUrl: string;
  readonly acmeDirectory: string;
  readonly maintenanceFlag: string;
  /** Everything that it has logged. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

export async function openFrontDoor(wanted: Wanted): Promise<FrontDoor> {
  const { certificates, gatewayToken, frontendDoorPort, ...settings } = wanted;
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-nginx-"));
  const file = (name: string) => path.join(folder, name);
  await mkdir(file("run"));
  const [httpPort, httpsPort, statusPort, workerPort, doorPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    frontendDoorPort ?? (await freePort()),
  ];
  if (gatewayToken) {
    await writeFile(file("gateway-token"), renderGatewayToken(gatewayToken), { mode: 0o600 });
  }
  const configuration = renderNginxConfig({
    serverName: SERVER_NAME,
    listenAddresses: ["127.0.0.1"],
    httpPort,
    httpsPort,
    statusPort,
    tls: certificates,
    acmeDirectory: file("acme"),
    maintenanceFlag: file("maintenance"),
    runDirectory: file("run"),
    accessLog: file("access.log"),
    errorLog: file("error.log"),
    workerDoor: { listen: { port: workerPort } },
    ...(gatewayToken && {
      frontendDoor: { listen: { port: doorPort }, gatewayTokenFile: file("gateway-token") },
    }),
    // Processes that give up root could not read the test's folders.
    ...(process.getuid?.() === 0 && { systemUser: "root" }),
    ...settings,
  });
  await writeFile(file("nginx.conf"), configuration);

  const args = ["-p", folder, "-c", file("nginx.conf"), "-e", file("error.log")];
  await execute("nginx", [...args, "-t"]);
  const server = spawn("nginx", [...args, "-g", "daemon off;"], { stdio: "inherit" });
  const ended = once(server, "exit");
  const statusUrl = `http://127.0.0.1:${statusPort}/status`;
  await ready(statusUrl);
  return {
    origin: `https://${SERVER_NAME}:${httpsPort}`,
    httpsPort,
    httpOrigin: `http://${SERVER_NAME}:${httpPort}`,
    workerOrigin: `http://127.0.0.1:${workerPort}`,
    statusUrl,
    acmeDirectory: file("acme"),
    maintenanceFlag: file("maintenance"),
    logs: async () =>
      (await readFile(file("access.log"), "utf8")) + (await readFile(file("error.log"), "utf8")),
    close: async () => {
      server.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
