/** Puts the worker together from its settings: ComfyUI, the queue, the worker or replica, its HTTP server. */
import { Queue } from "@comfymulti/queue";
import type { Logger } from "pino";
import { ComfyuiProcess } from "./comfyui-process/comfyui-process.ts";
import type { Environment, ServerlessEnvironment } from "./environment.ts";
import { startHealthServer } from "./health/health-server.ts";
import { createServerlessApp } from "./serverless/index.ts";
import { Worker } from "./worker/worker.ts";

export interface WorkerApp {
  readonly healthUrl: string;
  /**
   * Resolves when ComfyUI answered and the worker takes jobs, or when it was closed meanwhile.
   * Throws ComfyuiUnreachableError when ComfyUI does not answer within the start-up window.
   */
  start(): Promise<void>;
  /** Drains, gives back what still runs, unregisters, closes every connection, ends its ComfyUI. */
  close(): Promise<void>;
}

/** Connects to the queue and answers health checks; claims nothing before `start`. */
export async function createWorkerApp(environment: Environment, log: Logger): Promise<WorkerApp> {
  const queue = await Queue.connect({
    host: environment.INFERENCE_SERVER_REDIS_HOST,
    port: environment.REDIS_PORT,
    ...(environment.REDIS_USERNAME !== undefined && { username: environment.REDIS_USERNAME }),
    password: environment.REDIS_PASSWORD,
    hashTag: environment.QUEUE_HASH_TAG,
    leaseMs: environment.LEASE_SECONDS * 1000,
  });
  const comfyui = ownComfyui(environment, log);
  const worker = new Worker(
    queue,
    {
      ...machineOptions(environment),
      name: environment.WORKER_NAME,
      queueManagerToken: environment.WORKER_TOKEN,
      limits: {
        noProgressMs: environment.EXECUTION_TIMEOUT_SECONDS * 1000,
        totalMs: environment.JOB_TIMEOUT_SECONDS * 1000,
      },
      leaseMs: environment.LEASE_SECONDS * 1000,
      drainMs: environment.DRAIN_SECONDS * 1000,
      modelsDirectory: environment.MODELS_DIRECTORY,
      ...(comfyui && { restartComfyui: () => comfyui.restart() }),
    },
    log,
  );
  comfyui?.on("exit", ({ expected }) => {
    if (!expected) worker.metrics.comfyuiExited();
  });
  const health = await startHealthServer(environment.HOST, environment.HEALTH_PORT, {
    health: () => worker.health(),
    metrics: worker.metrics.registry,
  });
  return {
    healthUrl: health.url,
    start: () => {
      comfyui?.start();
      return worker.start();
    },
    close: async () => {
      await worker.close();
      await comfyui?.stop();
      await health.close();
      await queue.close();
    },
  };
}

/** Answers health checks; takes no job before `start`. Needs no queue: whoever calls it keeps the lease. */
export async function createReplicaApp(
  environment: ServerlessEnvironment,
  log: Logger,
): Promise<WorkerApp> {
  const comfyui = ownComfyui(environment, log);
  const { HOST: host, HEALTH_PORT: port } = environment;
  const replica = await createServerlessApp({ ...machineOptions(environment), host, port }, log);
  return {
    healthUrl: replica.healthUrl,
    start: () => {
      comfyui?.start();
      return replica.start();
    },
    close: async () => {
      await replica.close();
      await comfyui?.stop();
    },
  };
}

const ownComfyui = (
  { COMFYUI_COMMAND: command }: ServerlessEnvironment,
  log: Logger,
): ComfyuiProcess | undefined => command && new ComfyuiProcess({ command, log });

/** What both modes are told of this machine. */
const machineOptions = (environment: ServerlessEnvironment) => ({
  comfyuiUrl: environment.COMFYUI_URL,
  queueManagerUrl: environment.QUEUE_MANAGER_URL,
  spoolDirectory: environment.SPOOL_DIRECTORY,
  timeoutMs: environment.HTTP_TIMEOUT_SECONDS * 1000,
  startupMs: environment.STARTUP_TIMEOUT_SECONDS * 1000,
  vramWaitMs: environment.VRAM_WAIT_SECONDS * 1000,
  ...(environment.VRAM_MIB !== undefined && { vramMiB: environment.VRAM_MIB }),
  ...(environment.CUDA_VISIBLE_DEVICES !== undefined && {
    visibleDevices: environment.CUDA_VISIBLE_DEVICES,
  }),
});
