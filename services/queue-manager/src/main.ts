/** Starts the service: reads the environment, connects, listens, and ends in order. */
import closeWithGrace from "close-with-grace";
import { buildApp } from "./app.ts";
import { connectQueue } from "./connect-queue.ts";
import { ConfigurationError, readEnvironment, type Environment } from "./environment.ts";
import { createLogger } from "./logging.ts";

/** sysexits' EX_CONFIG: a restart would not help. */
const EXIT_CONFIGURATION = 78;
/** How long open requests get at the end, ms. */
const CLOSE_DELAY_MS = 10_000;

function environmentOrExit(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const fault of error.faults) process.stderr.write(`${fault}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}

const environment = environmentOrExit();
const logger = createLogger(environment.LOG_LEVEL);
const queue = await connectQueue(environment);
const app = await buildApp({ environment, queue, logger });

closeWithGrace({ delay: CLOSE_DELAY_MS, logger }, async ({ err }) => {
  if (err) logger.fatal({ err }, "ended by a fault");
  await app.close();
  await queue.close();
});

await app.listen({ host: environment.HOST, port: environment.PORT });
