/** Starts the service: reads the environment, connects, listens, and ends in order. */
import { environmentOrExit } from "@comfymulti/configuration";
import { QueueError } from "@comfymulti/queue";
import closeWithGrace from "close-with-grace";
import { buildApp } from "./app.ts";
import { connectQueue } from "./connect-queue.ts";
import { environmentSchema } from "./environment.ts";
import { createLogger } from "./logging.ts";

/** How long open requests get at the end, ms. */
const CLOSE_DELAY_MS = 10_000;

const environment = environmentOrExit(environmentSchema);
const logger = createLogger(environment.LOG_LEVEL);
const queue = await connectQueue(environment).catch(sayAndExit);
const app = await buildApp({ environment, queue, logger }).catch(sayAndExit);

closeWithGrace({ delay: CLOSE_DELAY_MS, logger }, async ({ err }) => {
  if (err) logger.fatal({ err }, "ended by a fault");
  await app.close();
  await queue.close();
});

await app.listen({ host: environment.HOST, port: environment.PORT });

/** Redis may go at any moment of the start; whoever runs us starts us again. */
function sayAndExit(error: unknown): never {
  if (!(error instanceof QueueError)) throw error;
  logger.fatal(error.message);
  process.exit(1);
}
