/**
 * What is watched: two queue managers on one Redis, a light frontend, nginx with TLS in front, a worker
 * with a simulated ComfyUI, and the figures of a backup.
 */
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { comfyuiVersions } from "@comfymulti/workflows";
import { freePort } from "../../bench/platform/listening.ts";
import { EXPORTER_RULES } from "../../components/app-server/monitoring.ts";
import { ensureFrontendBundle } from "../../tools/setup/frontend-bundle.mjs";
import { repository } from "../../tools/setup/places.mjs";
import { makeCertificates, type Certificates } from "../nginx/certificates.ts";
import { openFrontDoor, SERVER_NAME, type FrontDoor } from "../nginx/front-door.ts";
import { Part } from "../soak/part.ts";

const COMFYUI_VERSION = "0.11.1";
const USER = "user001";
/** A silent worker's job is taken from it after this long. */
export const LEASE_SECONDS = 3;

const token = (of: string) => `token-of-the-monitoring-test-${of}`;
export const ADMIN_TOKEN = token("admin");
export const exporter = { username: "exporter", password: "password-of-the-exporter" } as const;

export interface WatchedPlatform {
  readonly redis: TestRedis;
  readonly door: FrontDoor;
  readonly certificates: Certificates;
  readonly queueManagers: readonly { readonly name: string; readonly address: string }[];
  readonly frontend: { readonly name: string; readonly address: string };
  readonly worker: { readonly part: Part; readonly address: string };
  /** Submits a prompt as the participant; answers the status. */
  submit(graph: object): Promise<number>;
  /** Jobs by state. */
  counts(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** @param folder empty; holds `backup/metrics` and everything else */
export async function startWatchedPlatform(folder: string): Promise<WatchedPlatform> {
  const file = (name: string) => path.join(folder, name);
  const redis = await startRedis([
    `user ${exporter.username} on >${exporter.password} ${EXPORTER_RULES}`,
  ]);
  const connection = { REDIS_PORT: String(redis.port), REDIS_PASSWORD: redis.password };
  const [frontendPort, comfyuiPort, healthPort, ...managerPorts] = [
    ...[await freePort(), await freePort(), await freePort()],
    ...[await freePort(), await freePort()],
  ] as [number, number, number, ...number[]];
  const pin = comfyuiVersions[COMFYUI_VERSION];
  if (!pin?.wheel) throw new Error(`the editor of ComfyUI ${COMFYUI_VERSION} is pinned`);

  const frontend = await start("light frontend", "services/frontend/src/main.ts", frontendPort, {
    FRONTEND_TOKEN: token("frontend"),
    BUNDLE_DIRECTORY: await ensureFrontendBundle({
      ...{ version: pin.frontendPackage, wheel: pin.wheel },
      report: console.log,
    }),
    USERDATA_DIRECTORY: file("userdata"),
    USERS: JSON.stringify([USER]),
    COMFYUI_VERSION,
  });
  const queueManagers = await Promise.all(
    managerPorts.map((port, index) =>
      start(`queue manager ${index + 1}`, "services/queue-manager/src/main.ts", port, {
        ...connection,
        DATA_DIRECTORY: file("files"),
        USERS: JSON.stringify([
          { id: USER, token: token(USER), frontendUrl: `http://127.0.0.1:${frontendPort}` },
        ]),
        ADMIN_TOKEN,
        FRONTEND_TOKEN: token("frontend"),
        WORKER_TOKENS: JSON.stringify({ "worker-1": token("worker-1") }),
      }),
    ),
  );
  const addresses = managerPorts.map((port) => `127.0.0.1:${port}`);
  await mkdir(file("certificates"));
  const certificates = makeCertificates(file("certificates"), SERVER_NAME);
  const door = await openFrontDoor({
    certificates,
    queueManagers: addresses,
    users: [{ id: USER, kind: "light", editorVersion: pin.frontendPackage }],
  });
  const comfyui = await start(
    "ComfyUI",
    "worker/simulated-comfyui/src/main.ts",
    comfyuiPort,
    { DATA_DIRECTORY: file("comfyui"), TEST_NODES: "true" },
    "/system_stats",
  );
  const worker = await start("worker", "worker/src/main.ts", healthPort, {
    WORKER_NAME: "worker-1",
    WORKER_TOKEN: token("worker-1"),
    ...connection,
    QUEUE_MANAGER_URL: door.workerOrigin,
    COMFYUI_URL: `http://127.0.0.1:${comfyuiPort}`,
    HEALTH_PORT: String(healthPort),
    SPOOL_DIRECTORY: file("spool"),
    LEASE_SECONDS: String(LEASE_SECONDS),
  });
  await writeBackupFigures(file("backup"));

  const participant = { authorization: `Bearer ${token(USER)}` };
  return {
    redis,
    door,
    certificates,
    queueManagers: addresses.map((address, index) => ({
      name: `queue-manager-${index + 1}`,
      address,
    })),
    frontend: { name: "frontend-0-11-1", address: `127.0.0.1:${frontendPort}` },
    worker: { part: worker, address: `127.0.0.1:${healthPort}` },
    submit: async (graph) => {
      const response = await fetch(`http://${addresses[0]}/${USER}/prompt`, {
        method: "POST",
        headers: { ...participant, "content-type": "application/json" },
        body: JSON.stringify({ prompt: graph }),
      });
      return response.status;
    },
    counts: async () => {
      const response = await fetch(`http://${addresses[0]}/health`);
      return ((await response.json()) as { queue: Record<string, number> }).queue;
    },
    close: async () => {
      await Promise.all([worker, comfyui, frontend, ...queueManagers].map((part) => part.kill()));
      await door.close();
      await redis.stop();
    },
  };
}

function start(
  name: string,
  program: string,
  port: number,
  environment: Readonly<Record<string, string>>,
  health = "/health",
): Promise<Part> {
  return Part.start({
    name,
    program: [path.join(repository, program)],
    environment: { PORT: String(port), LOG_LEVEL: "fatal", ...environment },
    healthUrl: `http://127.0.0.1:${port}${health}`,
  });
}

/** As the backup service writes them, of a backup that was made just now. */
async function writeBackupFigures(state: string): Promise<void> {
  await mkdir(path.join(state, "metrics"), { recursive: true });
  const status = path.join(repository, "services", "backup", "status.sh");
  const script = `state=$1 INTERVAL_SECONDS=3600; source "$2"; last_success=$(clock); write_status`;
  execFileSync("bash", ["-euc", script, "bash", state, status]);
}
