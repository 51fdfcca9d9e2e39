/** The simulated ComfyUI as a process: reads the environment, listens, closes on SIGTERM and SIGINT. */
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { createSimulatedComfyui } from "./app.ts";
import { environmentSchema } from "./environment.ts";

/** sysexits' EX_CONFIG: a supervisor must not restart what cannot start. */
const CONFIGURATION_ERROR = 78;

const parsed = environmentSchema.safeParse(process.env);
if (!parsed.success) {
  for (const issue of parsed.error.issues) {
    process.stderr.write(`${issue.path.join(".")}: ${issue.message}\n`);
  }
  process.exit(CONFIGURATION_ERROR);
}
const environment = parsed.data;
const logger = pino({ level: environment.LOG_LEVEL, base: { service: "simulated-comfyui" } });

const comfyui = await createSimulatedComfyui({
  host: environment.HOST,
  port: environment.PORT,
  version: environment.COMFYUI_VERSION,
  dataDirectory: environment.DATA_DIRECTORY,
  speed: environment.SPEED,
  vramMiB: environment.VRAM_MIB,
  logger,
});
logger.info(
  { url: comfyui.url, comfyuiVersion: environment.COMFYUI_VERSION, simulated: true },
  "Simulated ComfyUI is listening: no GPU and no models stand behind it",
);

closeWithGrace({ delay: 5_000 }, async ({ err }) => {
  if (err) logger.error({ err }, "Closing after an error");
  await comfyui.close();
});
