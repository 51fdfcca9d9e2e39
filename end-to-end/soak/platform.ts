/** Two queue managers, two workers with a ComfyUI each, and a durable Redis: all real processes. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { Part } from "./part.ts";

/** Short, so that a killed worker's job is soon taken by another. */
const LEASE_SECONDS = 3;
/** A ComfyUI that is killed takes an attempt of its job along: an innocent one must not run out. */
const MAX_ATTEMPTS = 50;
const JOBS_PER_USER = 100;

const source = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const token = (of: string) => `token-of-the-soak-test-${of}`;

export interface Platform {
  readonly redis: TestRedis;
  /** Everything but Redis. */
  readonly parts: readonly Part[];
  readonly gateways: readonly string[];
  readonly users: readonly { readonly id: string; readonly token: string }[];
  /** Holds `outputs/`, a folder a user. */
  readonly dataDirectory: string;
  close(): Promise<void>;
}

export async function startPlatform(userCount: number): Promise<Platform> {
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-soak-"));
  const dataDirectory = path.join(folder, "data");
  const redis = await startRedis();
  const users = Array.from({ length: userCount }, (_, index) => {
    const id = `user${String(index + 1).padStart(3, "0")}`;
    return { id, token: token(id) };
  });
  const ports = await freePorts(6);
  const [first = 0, second = 0] = ports;
  const gateways = [first, second].map((port) => `http://127.0.0.1:${port}`);
  const connection = { REDIS_PORT: String(redis.port), REDIS_PASSWORD: redis.password };

  const parts: Part[] = [];
  for (const index of [1, 2]) {
    const gateway = ports[index - 1] ?? 0;
    parts.push(
      await Part.start({
        name: `queue manager ${index}`,
        program: [source("services/queue-manager/src/main.ts")],
        environment: {
          ...connection,
          PORT: String(gateway),
          DATA_DIRECTORY: dataDirectory,
          USERS: JSON.stringify(
            users.map((user) => ({ ...user, frontendUrl: "http://127.0.0.1:9" })),
          ),
          ADMIN_TOKEN: token("admin"),
          FRONTEND_TOKEN: token("frontend"),
          WORKER_TOKENS: JSON.stringify({ "worker-1": token("1"), "worker-2": token("2") }),
          MAX_QUEUE_DEPTH: String(userCount * JOBS_PER_USER),
          USER_PENDING_LIMIT: String(JOBS_PER_USER),
          MAX_ATTEMPTS: String(MAX_ATTEMPTS),
          MAX_WORKER_LOSSES: String(MAX_ATTEMPTS),
          LOG_LEVEL: "fatal",
        },
        healthUrl: `http://127.0.0.1:${gateway}/health`,
      }),
    );
  }
  for (const index of [1, 2]) {
    const comfyui = ports[1 + index] ?? 0;
    const health = ports[3 + index] ?? 0;
    parts.push(
      await Part.start({
        name: `ComfyUI ${index}`,
        program: [source("worker/simulated-comfyui/src/main.ts")],
        environment: {
          PORT: String(comfyui),
          DATA_DIRECTORY: path.join(folder, `comfyui-${index}`),
          SPEED: "1000",
          TEST_NODES: "true",
          LOG_LEVEL: "fatal",
        },
        healthUrl: `http://127.0.0.1:${comfyui}/system_stats`,
      }),
      await Part.start({
        name: `worker ${index}`,
        program: [source("worker/src/main.ts")],
        environment: {
          WORKER_NAME: `worker-${index}`,
          WORKER_TOKEN: token(String(index)),
          REDIS_PORT: connection.REDIS_PORT,
          REDIS_PASSWORD: connection.REDIS_PASSWORD,
          QUEUE_MANAGER_URL: gateways[index - 1] ?? "",
          COMFYUI_URL: `http://127.0.0.1:${comfyui}`,
          HEALTH_PORT: String(health),
          SPOOL_DIRECTORY: path.join(folder, `spool-${index}`),
          LEASE_SECONDS: String(LEASE_SECONDS),
          LOG_LEVEL: "fatal",
        },
        healthUrl: `http://127.0.0.1:${health}/health`,
      }),
    );
  }
  return {
    redis,
    parts,
    gateways,
    users,
    dataDirectory,
    close: async () => {
      await Promise.all(parts.map((part) => part.kill()));
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  // All at once: a port that is given back may be given out again.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, "close");
      return port;
    }),
  );
}
