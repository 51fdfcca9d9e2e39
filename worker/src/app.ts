/** Puts the worker together from its settings: queue, worker, health server. */
import { Queue } from "@comfymulti/queue";
import type { Logger } from "pino";
import type { Environment } from "./environment.ts";
import { startHealthServer } from "./health/health-server.ts";
import { Worker } from "./worker/worker.ts";

export interface WorkerApp {
  readonly healthUrl: string;
  /**
   * Resolves when ComfyUI answered and the worker claims jobs, or when it was closed meanwhile.
   * Throws ComfyuiUnreachableError when ComfyUI does not answer within the start-up window.
   */
  start(): Promise<void>;
  /** Drains, gives back what still runs, unregisters, closes every connection. */
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
  const worker = new Worker(
    queue,
    {
      name: environment.WORKER_NAME,
      comfyuiUrl: environment.COMFYUI_URL,
      queueManagerUrl: environment.QUEUE_MANAGER_URL,
      queueManagerToken: environment.WORKER_TOKEN,
      spoolDirectory: environment.SPOOL_DIRECTORY,
      limits: {
        noProgressMs: environment.EXECUTION_TIMEOUT_SECONDS * 1000,
        totalMs: environment.JOB_TIMEOUT_SECONDS * 1000,
      },
      timeoutMs: environment.HTTP_TIMEOUT_SECONDS * 1000,
      startupMs: environment.STARTUP_TIMEOUT_SECONDS * 1000,
      leaseMs: environment.LEASE_SECONDS * 1000,
      drainMs: environment.DRAIN_SECONDS * 1000,
      ...(environment.VRAM_MIB !== undefined && { vramMiB: environment.VRAM_MIB }),
    },
    log,
  );
  const health = await startHealthServer(environment.HOST, environment.HEALTH_PORT, () =>
    worker.health(),
  );
  return {
    healthUrl: health.url,
    start: () => worker.start(),
    close: async () => {
      await worker.close();
      await health.close();
      await queue.close();
    },
  };
}
