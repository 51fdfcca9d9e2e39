import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SupervisorClient } from "./client.ts";
import { supervisorPaths } from "./paths.ts";
import { ServiceError } from "./supervisor/protocol.ts";
import { tailLog } from "./supervisor/service-log.ts";

const START_MILLISECONDS = 20_000;
const MAIN = fileURLToPath(new URL("./supervisor/main.ts", import.meta.url));

/** What services may inherit. Above all not the engine's passphrase and tokens. */
const INHERITED = [
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SHELL"],
  // A path: services start again sooner, and at a third less work.
  "NODE_COMPILE_CACHE",
];

/**
 * A client of the stack's supervisor, which is started when none runs: in a session of its own,
 * with its own log and no descriptor of ours, so that neither Ctrl-C nor the engine's end ends it.
 * @throws ServiceError with the tail of its log when it does not come up
 */
export async function ensureSupervisor(dataDirectory: string): Promise<SupervisorClient> {
  const client = new SupervisorClient(dataDirectory);
  if (await client.supervisor()) return client;
  const paths = supervisorPaths(dataDirectory);
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const logFile = join(paths.logs, "supervisor.log");
  const output = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [MAIN, paths.data], {
    cwd: paths.data,
    env: inheritedEnvironment(),
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.unref();
  let spawnFault: string | undefined;
  child.once("error", (error) => (spawnFault = error.message));
  const deadline = Date.now() + START_MILLISECONDS;
  while (Date.now() < deadline && spawnFault === undefined) {
    if (await client.supervisor()) return client;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new ServiceError(
    [
      `the supervisor of ${paths.data} did not start${spawnFault === undefined ? "" : `: ${spawnFault}`}. Last lines of ${logFile}:`,
      ...tailLog(logFile, 20),
    ].join("\n"),
  );
}

function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
