/**
 * What stands behind the front door: two queue managers on one Redis, the light frontend, a worker with
 * a simulated ComfyUI that reaches them through nginx, and a stand-in for one participant's full ComfyUI.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { placeEditorFiles } from "@comfymulti/nginx";
import { startRedis } from "@comfymulti/queue/testing";
import { comfyuiVersions } from "@comfymulti/workflows";
import { freePort } from "../../bench/platform/listening.ts";
import { ensureFrontendBundle } from "../../tools/setup/frontend-bundle.mjs";
import { repository } from "../../tools/setup/places.mjs";
import { Part } from "../soak/part.ts";
import type { Participant } from "../stack-under-test.ts";
import type { Certificates } from "./certificates.ts";
import { openFrontDoor, type FrontDoor } from "./front-door.ts";
import { recordRequests, type RecordingServer } from "./recording-server.ts";

const COMFYUI_VERSION = "0.11.1";
const USERS = 20;
/** Has a full ComfyUI of their own. */
export const FULL_USER = "user010";

const token = (of: string) => `token-of-the-nginx-test-${of}`;
export const ADMIN_TOKEN = token("admin");
const FRONTEND_TOKEN = token("frontend");
const WORKER_TOKEN = token("worker-1");

const source = (file: string) => path.join(repository, file);

export interface QueueManager {
  readonly part: Part;
  /** Past nginx. */
  readonly origin: string;
}

export interface Platform {
  readonly door: FrontDoor;
  readonly participants: readonly Participant[];
  readonly queueManagers: readonly QueueManager[];
  /** The stand-in for the full ComfyUI of `FULL_USER`. */
  readonly comfyui: RecordingServer;
  /** The way from the queue managers to it. */
  readonly frontendDoor: string;
  /** None of them may be seen in a log. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

export async function startPlatform(certificates: Certificates): Promise<Platform> {
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-behind-nginx-"));
  const editor = await provideEditor(path.join(folder, "editor"));
  const redis = await startRedis();
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const [frontendPort = 0, doorPort = 0, comfyuiPort = 0, healthPort = 0, ...managerPorts] = ports;
  const frontendDoor = `http://127.0.0.1:${doorPort}`;
  const comfyui = await recordRequests({
    answer: (request, response) => {
      request.resume();
      // A participant's own code may try to have nginx serve another file.
      response.setHeader("x-accel-redirect", "/health");
      response.end(JSON.stringify({ path: request.url }));
    },
  });
  const ids = Array.from(
    { length: USERS },
    (_, index) => `user${String(index + 1).padStart(3, "0")}`,
  );
  const connection = { REDIS_PORT: String(redis.port), REDIS_PASSWORD: redis.password };

  const frontend = await start("light frontend", "services/frontend/src/main.ts", frontendPort, {
    FRONTEND_TOKEN,
    BUNDLE_DIRECTORY: editor.bundle,
    USERDATA_DIRECTORY: path.join(folder, "userdata"),
    USERS: JSON.stringify(ids),
    COMFYUI_VERSION,
  });
  const startQueueManager = (port: number, index: number) =>
    start(`queue manager ${index + 1}`, "services/queue-manager/src/main.ts", port, {
      ...connection,
      DATA_DIRECTORY: path.join(folder, "data"),
      USERS: JSON.stringify(
        ids.map((id) => ({
          id,
          token: token(id),
          frontendUrl: id === FULL_USER ? frontendDoor : `http://127.0.0.1:${frontendPort}`,
        })),
      ),
      ADMIN_TOKEN,
      FRONTEND_TOKEN,
      WORKER_TOKENS: JSON.stringify({ "worker-1": WORKER_TOKEN }),
    });
  const queueManagers = await Promise.all(managerPorts.map(startQueueManager));
  const door = await openFrontDoor({
    certificates,
    queueManagers: managerPorts.map((port) => `127.0.0.1:${port}`),
    editorDirectory: path.join(folder, "editor"),
    users: ids.map((id) => ({
      id,
      editorVersion: editor.version,
      ...(id === FULL_USER ? { kind: "comfyui", address: comfyui.address } : { kind: "light" }),
    })),
    gatewayToken: FRONTEND_TOKEN,
    frontendDoorPort: doorPort,
  });
  const simulated = await start(
    "ComfyUI",
    "worker/simulated-comfyui/src/main.ts",
    comfyuiPort,
    { DATA_DIRECTORY: path.join(folder, "comfyui"), SPEED: "10" },
    "/system_stats",
  );
  const worker = await start("worker", "worker/src/main.ts", healthPort, {
    WORKER_NAME: "worker-1",
    WORKER_TOKEN,
    ...connection,
    QUEUE_MANAGER_URL: door.workerOrigin,
    COMFYUI_URL: `http://127.0.0.1:${comfyuiPort}`,
    HEALTH_PORT: String(healthPort),
    SPOOL_DIRECTORY: path.join(folder, "spool"),
  });

  return {
    door,
    participants: ids.map((id) => {
      const url = `${door.origin}/${id}/`;
      return { id, url, token: token(id), link: `${url}?token=${token(id)}` };
    }),
    queueManagers: queueManagers.map((part, index) => ({
      part,
      origin: `http://127.0.0.1:${managerPorts[index]}`,
    })),
    comfyui,
    frontendDoor,
    secrets: [ADMIN_TOKEN, FRONTEND_TOKEN, WORKER_TOKEN, ...ids.map(token)],
    close: async () => {
      await Promise.all([worker, simulated, frontend, ...queueManagers].map((part) => part.kill()));
      comfyui.close();
      await door.close();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
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
    program: [source(program)],
    environment: { PORT: String(port), LOG_LEVEL: "fatal", ...environment },
    healthUrl: `http://127.0.0.1:${port}${health}`,
  });
}

async function provideEditor(editorDirectory: string) {
  const pin = comfyuiVersions[COMFYUI_VERSION];
  if (!pin?.wheel) throw new Error(`the editor of ComfyUI ${COMFYUI_VERSION} is pinned`);
  const version = pin.frontendPackage;
  const wanted = { version, wheel: pin.wheel, report: console.log };
  const bundle = await ensureFrontendBundle(wanted);
  await placeEditorFiles({ bundleDirectory: bundle, editorDirectory, editorVersion: version });
  return { bundle, version };
}
