/** The worker as a process. Exit code 78: the settings are wrong, a restart won't help. */
import { environmentOrExit } from "@comfymulti/configuration";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import type { Logger } from "pino";
import { createReplicaApp, createWorkerApp } from "./app.ts";
import type { WorkerApp } from "./app.ts";
import { environmentSchema, modeSchema, serverlessEnvironmentSchema } from "./environment.ts";

/** Beyond the drain: a node that can't be interrupted at once, the last deliveries, ComfyUI's end. */
const CLOSING_MS = 55_000;

interface Program {
  readonly log: Logger;
  readonly app: Promise<WorkerApp>;
  /** What a running job gets after SIGTERM, ms. */
  readonly drainMs: number;
}

function pullingWorker(): Program {
  const environment = environmentOrExit(environmentSchema);
  const log = pino({ level: environment.LOG_LEVEL, base: { worker: environment.WORKER_NAME } });
  const drainMs = environment.DRAIN_SECONDS * 1000;
  return { log, app: createWorkerApp(environment, log), drainMs };
}

function calledReplica(): Program {
  const environment = environmentOrExit(serverlessEnvironmentSchema);
  const log = pino({ level: environment.LOG_LEVEL, base: { worker: "replica" } });
  return { log, app: createReplicaApp(environment, log), drainMs: 0 };
}

const { INFERENCE_MODE } = environmentOrExit(modeSchema);
const {
  log,
  app: starting,
  drainMs,
} = INFERENCE_MODE === "serverless" ? calledReplica() : pullingWorker();

const app = await starting.catch((error: unknown) => {
  log.fatal(error instanceof Error ? error.message : "the worker could not start");
  process.exit(1);
});
closeWithGrace({ delay: drainMs + CLOSING_MS, logger: log }, async ({ err, signal }) => {
  if (err) log.fatal({ err }, "the worker ends by an error");
  else log.info({ signal }, "the worker drains");
  await app.close();
});

try {
  await app.start();
  log.info({ healthUrl: app.healthUrl, mode: INFERENCE_MODE }, "worker ready");
} catch (error) {
  log.fatal(error instanceof Error ? error.message : "the worker could not start");
  await app.close();
  process.exit(1);
}
