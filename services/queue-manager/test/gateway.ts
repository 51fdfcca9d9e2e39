/** A whole gateway on a real port: real Redis, two users, one worker known to the queue, a frontend. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Queue } from "@comfymulti/queue";
import { fingerprintObjectInfo, loadObjectInfo, type ObjectInfo } from "@comfymulti/workflows";
import type { FastifyInstance } from "fastify";
import type { DestinationStream } from "pino";
import { connectQueue } from "../src/connect-queue.ts";
import { buildApp, createLogger, environmentSchema, type Environment } from "../src/index.ts";
import type { Patience } from "../src/limits.ts";
import { Browser } from "./browser.ts";
import { startFrontend, type Frontend } from "./frontend.ts";
import { startRedis, type TestRedis } from "@comfymulti/queue/testing";

type Holder = "alice" | "bob" | "admin" | "worker" | "otherWorker" | "frontend";

export const TOKENS: Record<Holder, string> = {
  alice: "alice-token-0123456789",
  bob: "bob-token-0123456789ab",
  admin: "admin-token-0123456789",
  worker: "worker-token-0123456789",
  otherWorker: "worker-two-token-012345",
  frontend: "frontend-token-0123456",
};

export const COMFYUI_VERSION = "0.11.1";

export interface TestGateway {
  readonly app: FastifyInstance;
  readonly environment: Environment;
  readonly origin: string;
  readonly queue: Queue;
  readonly redis: TestRedis;
  readonly frontend: Frontend;
  readonly dataDirectory: string;
  readonly alice: Browser;
  readonly bob: Browser;
  close(): Promise<void>;
}

interface Options {
  readonly environment?: Record<string, string>;
  /** Default true: one worker has registered. */
  readonly worker?: boolean;
  readonly log?: DestinationStream;
  readonly patience?: Patience;
}

export async function startGateway(options: Options = {}): Promise<TestGateway> {
  const redis = await startRedis();
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "queue-manager-"));
  const frontend = await startFrontend();
  const environment = environmentSchema.parse({
    PORT: "1",
    REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: redis.password,
    DATA_DIRECTORY: dataDirectory,
    USERS: JSON.stringify([
      { id: "user001", token: TOKENS.alice, frontendUrl: frontend.url },
      { id: "user002", token: TOKENS.bob, frontendUrl: frontend.url },
    ]),
    ADMIN_TOKEN: TOKENS.admin,
    WORKER_TOKENS: JSON.stringify({ "worker-1": TOKENS.worker, "worker-2": TOKENS.otherWorker }),
    FRONTEND_TOKEN: TOKENS.frontend,
    ...options.environment,
  });
  const queue = await connectQueue(environment);
  if (options.worker !== false) await registerWorker(queue);
  const logger = options.log ? createLogger("info", options.log) : createLogger("silent");
  const { patience } = options;
  const app = await buildApp({ environment, queue, logger, ...(patience && { patience }) });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    app,
    environment,
    origin,
    queue,
    redis,
    frontend,
    dataDirectory,
    alice: new Browser(origin, "user001", TOKENS.alice),
    bob: new Browser(origin, "user002", TOKENS.bob),
    close: async () => {
      await app.close();
      await queue.close();
      await frontend.close();
      await redis.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Registers a worker with ComfyUI's own nodes and these. */
export async function registerWorker(queue: Queue, nodes: ObjectInfo = {}): Promise<void> {
  const objectInfo = { ...loadObjectInfo(COMFYUI_VERSION), ...nodes };
  await queue.registerWorker(
    {
      name: "worker-1",
      comfyuiVersion: COMFYUI_VERSION,
      objectInfoFingerprint: fingerprintObjectInfo(objectInfo),
      gpu: "Simulated GPU",
      vramTotalMiB: 81_559,
      vramFreeMiB: 80_000,
      simulated: true,
    },
    JSON.stringify(objectInfo),
  );
}
