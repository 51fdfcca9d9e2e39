/** A queue-manager of the benchmark's own on a Redis of its own, without a worker. */
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { repository } from "../../components/installation.ts";
import type { Scope } from "../measurement/figure.ts";
import type { Participant } from "./temporary-stack.ts";

export interface Gateway {
  readonly redis: TestRedis;
  readonly participant: Participant;
}

const START_SECONDS = 20;
const token = () => randomBytes(24).toString("hex");

export async function startGateway(scope: Scope): Promise<Gateway> {
  const redis = await startRedis();
  scope.defer(() => redis.stop());
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-gateway-"));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const participant = { id: "user001", token: token(), url: `${origin}/user001/` };
  const { id } = participant;

  const program = path.join(repository, "services", "queue-manager", "src", "main.ts");
  const gateway = spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: redis.password,
      DATA_DIRECTORY: folder,
      USERS: JSON.stringify([{ id, token: participant.token, frontendUrl: origin }]),
      ADMIN_TOKEN: token(),
      WORKER_TOKENS: "{}",
      FRONTEND_TOKEN: token(),
    },
  });
  const ended = once(gateway, "exit");
  scope.defer(async () => {
    gateway.kill("SIGTERM");
    await ended;
  });
  await ready(`${origin}/health`);
  return { redis, participant };
}

async function ready(url: string): Promise<void> {
  for (const start = Date.now(); Date.now() - start < START_SECONDS * 1000; await pause(50)) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`the gateway was not ready within ${START_SECONDS} s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
