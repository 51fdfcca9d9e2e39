/** Starts the service: reads the environment, listens, and closes in good order on a signal. */
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { buildApp } from "./app.ts";
import { readEnvironment } from "./environment.ts";

/** `EX_CONFIG`: the supervisor does not start it again, since that would not help. */
const CONFIGURATION_ERROR = 78;

const result = readEnvironment(process.env);
if ("faults" in result) {
  for (const fault of result.faults) console.error(fault);
  process.exit(CONFIGURATION_ERROR);
}
const { environment } = result;
const logger = pino({ name: "frontend", level: environment.LOG_LEVEL });

const app = await buildApp({ environment, logger }).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(CONFIGURATION_ERROR);
});

closeWithGrace({ delay: 10_000 }, async ({ signal, err }) => {
  if (err) logger.error({ err }, "stopped by an error");
  else logger.info({ signal }, "stopping");
  await app.close();
});

await app.listen({ host: environment.HOST, port: environment.PORT });
