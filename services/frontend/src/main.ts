/** Starts the service: reads the environment, listens, and closes in good order on a signal. */
import { CONFIGURATION_ERROR_EXIT_CODE, environmentOrExit } from "@comfymulti/configuration";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { buildApp } from "./app.ts";
import { environmentSchema } from "./environment.ts";

const environment = environmentOrExit(environmentSchema);
const logger = pino({ name: "frontend", level: environment.LOG_LEVEL });

const app = await buildApp({ environment, logger }).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(CONFIGURATION_ERROR_EXIT_CODE);
});

closeWithGrace({ delay: 10_000 }, async ({ signal, err }) => {
  if (err) logger.error({ err }, "stopped by an error");
  else logger.info({ signal }, "stopping");
  await app.close();
});

await app.listen({ host: environment.HOST, port: environment.PORT });
