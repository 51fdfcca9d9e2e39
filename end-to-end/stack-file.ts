/** Settings for a stack of a test's own: ports that are free on this machine, whatever else runs. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";

/** Services of one stack use ports from the first on, ten apart; a stack takes fifty. */
const PORTS_PER_STACK = 50;
const FIRST_PORT = 20_000;
const BLOCKS = 200;

/**
 * Writes `Pulumi.<stack>.yaml` into `folder` (`COMFYMULTI_SETTINGS`).
 *
 * @param settings without the namespace; ports are added
 */
export function writeStackFile(
  folder: string,
  stack: string,
  settings: Readonly<Record<string, string | number>>,
): { gatewayPort: number } {
  // By process, so that two runs of the tests at once do not meet.
  const first = FIRST_PORT + (process.pid % BLOCKS) * PORTS_PER_STACK;
  const ports = {
    gatewayPort: first,
    redisPort: first + 10,
    frontendPort: first + 20,
    comfyuiPort: first + 30,
    workerHealthPort: first + 40,
  };
  const config = Object.fromEntries(
    Object.entries({ ...ports, ...settings }).map(([key, value]) => [`comfymulti:${key}`, value]),
  );
  writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), stringify({ config }));
  return { gatewayPort: ports.gatewayPort };
}
