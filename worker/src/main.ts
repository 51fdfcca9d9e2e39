/** The worker as a process. Exit code 78: the settings are wrong, a restart won't help. */
import { environmentOrExit } from "@comfymulti/configuration";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { createWorkerApp } from "./app.ts";
import { environmentSchema } from "./environment.ts";

/** Beyond the drain: a node that can't be interrupted at once, the last deliveries, the farewell. */
const CLOSING_MS = 45_000;

const environment = environmentOrExit(environmentSchema);
const log = pino({ level: environment.LOG_LEVEL, base: { worker: environment.WORKER_NAME } });

const app = await createWorkerApp(environment, log).catch((error: unknown) => {
  log.fatal(error instanceof Error ? error.message : "the worker could not start");
  process.exit(1);
});
closeWithGrace(
  { delay: environment.DRAIN_SECONDS * 1000 + CLOSING_MS, logger: log },
  async ({ err, signal }) => {
    if (err) log.fatal({ err }, "the worker ends by an error");
    else log.info({ signal }, "the worker drains");
    await app.close();
  },
);

try {
  await app.start();
  log.info({ healthUrl: app.healthUrl }, "worker ready");
} catch (error) {
  log.fatal(error instanceof Error ? error.message : "the worker could not start");
  await app.close();
  process.exit(1);
}
