/** The dispatcher as a process. Exit code 78: the settings are wrong, a restart won't help. */
import { environmentOrExit } from "@comfymulti/configuration";
import { QueueError } from "@comfymulti/queue";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { startDispatcher } from "./app.ts";
import { environmentSchema } from "./environment.ts";

/** Beyond the drain: telling the queue, closing connections, ms. */
const CLOSING_MS = 10_000;

const environment = environmentOrExit(environmentSchema);
const log = pino({ name: "dispatcher", level: environment.LOG_LEVEL });

const app = await startDispatcher(environment, log).catch((error: unknown) => {
  if (!(error instanceof QueueError)) throw error;
  log.fatal(error.message);
  process.exit(1);
});
closeWithGrace(
  { delay: environment.DRAIN_SECONDS * 1000 + CLOSING_MS, logger: log },
  async ({ err, signal }) => {
    if (err) log.fatal({ err }, "the dispatcher ends by an error");
    else log.info({ signal }, "the dispatcher drains");
    await app.close();
  },
);
log.info({ healthUrl: app.healthUrl }, "dispatcher ready");
