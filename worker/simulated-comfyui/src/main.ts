/** The simulated ComfyUI as a process: reads the environment, listens, closes on SIGTERM and SIGINT. */
import { environmentOrExit } from "@comfymulti/configuration";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { createSimulatedComfyui } from "./app.ts";
import { environmentSchema } from "./environment.ts";

const environment = environmentOrExit(environmentSchema);
const logger = pino({ level: environment.LOG_LEVEL, base: { service: "simulated-comfyui" } });

const comfyui = await createSimulatedComfyui({
  host: environment.HOST,
  port: environment.PORT,
  version: environment.COMFYUI_VERSION,
  dataDirectory: environment.DATA_DIRECTORY,
  speed: environment.SPEED,
  vramMiB: environment.VRAM_MIB,
  testNodes: environment.TEST_NODES,
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
