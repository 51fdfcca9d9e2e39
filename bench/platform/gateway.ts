/** A queue-manager of the benchmark's own on a Redis of its own, without a worker. */
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import type { Scope } from "../measurement/figure.ts";
import { freePort, ready } from "./listening.ts";
import type { Participant } from "./temporary-stack.ts";

export interface Gateway {
  readonly redis: TestRedis;
  /** The first of `participants`. */
  readonly participant: Participant;
  readonly participants: readonly Participant[];
  readonly origin: string;
  readonly pid: number;
}

export interface GatewayOptions {
  /** Default 1. */
  readonly users?: number;
  /** Settings of the gateway, over the benchmark's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Lines of Redis' configuration, over the durable ones. */
  readonly redis?: readonly string[];
}

const token = () => randomBytes(24).toString("hex");

/** Lets any number of jobs wait: limits are not what is measured. */
export const UNLIMITED = { MAX_QUEUE_DEPTH: "1000000", USER_PENDING_LIMIT: "1000000" };

export async function startGateway(scope: Scope, options: GatewayOptions = {}): Promise<Gateway> {
  const redis = await startRedis(options.redis);
  scope.defer(() => redis.stop());
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-gateway-"));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const participants = Array.from({ length: options.users ?? 1 }, (_, index) => {
    const id = `user${String(index + 1).padStart(3, "0")}`;
    return { id, token: token(), url: `${origin}/${id}/` };
  });
  const [participant] = participants;
  if (!participant) throw new Error("a gateway has at least one user");

  const program = path.join(repository, "services", "queue-manager", "src", "main.ts");
  const gateway = spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: redis.password,
      DATA_DIRECTORY: folder,
      USERS: JSON.stringify(
        participants.map(({ id, token }) => ({ id, token, frontendUrl: origin })),
      ),
      ADMIN_TOKEN: token(),
      WORKER_TOKENS: "{}",
      FRONTEND_TOKEN: token(),
      ...options.environment,
    },
  });
  const ended = once(gateway, "exit");
  scope.defer(async () => {
    gateway.kill("SIGTERM");
    await ended;
  });
  await ready(`${origin}/health`);
  if (gateway.pid === undefined) throw new Error("the gateway runs");
  return { redis, participant, participants, origin, pid: gateway.pid };
}
