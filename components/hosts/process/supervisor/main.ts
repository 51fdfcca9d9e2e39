import { lock } from "proper-lockfile";
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endLeftovers } from "../leftovers.ts";
import { supervisorPaths } from "../paths.ts";
import type { SupervisorPaths } from "../paths.ts";
import { identify, isRunning, processIdentitySchema } from "../process-identity.ts";
import { createSupervisorServer } from "./server.ts";
import { Supervisor } from "./supervisor.ts";

/**
 * The supervisor process of one stack: `node main.ts <data directory> [idle seconds]`.
 * Started by the provider in a session of its own; ends on shutdown, on SIGTERM, or when idle.
 */
const [dataDirectory, idleSeconds = "30"] = process.argv.slice(2);
if (dataDirectory === undefined) {
  console.error("usage: node main.ts <data directory> [idle seconds]");
  process.exit(78);
}

process.umask(0o077);
const paths = supervisorPaths(dataDirectory);
makePrivateDirectory(paths.logs);
makePrivateDirectory(paths.runtime);

// The lock covers the start only; from then on the recorded identity says who is in charge.
const release = await lock(paths.runtime, {
  lockfilePath: join(paths.runtime, "start.lock"),
  stale: 5_000,
  retries: { retries: 60, minTimeout: 100, maxTimeout: 250 },
});
if (isAnotherInCharge(paths)) {
  await release();
  log("another supervisor of this stack is running: this one ends");
  process.exit(0);
}
for (const { name, pid } of await endLeftovers(paths.records, paths.data)) {
  log(`ended ${name} (pid ${pid}), left by a supervisor that was killed`);
}
rmSync(paths.socket, { force: true });

let shuttingDown = false;
const supervisor = new Supervisor({
  paths,
  idleSeconds: Number(idleSeconds),
  onIdle: () => {
    log(`no service for ${idleSeconds} s`);
    shutdown();
  },
});
const server = createSupervisorServer(supervisor, shutdown);
await new Promise<void>((listening) => server.listen(paths.socket, listening));
chmodSync(paths.socket, 0o600);
writeFileSync(paths.identity, JSON.stringify(identify(process.pid)), { mode: 0o600 });
await release();
log(`running, pid ${process.pid}`);

for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, shutdown);
process.on("SIGHUP", () => log("SIGHUP ignored"));
// Services are never left alone: a fault of the supervisor itself ends them in order.
process.on("uncaughtException", (error) => {
  console.error(error);
  shutdown();
});

function shutdown(): void {
  if (shuttingDown) return;
  shuttingDown = true;
  log("shutting down");
  void supervisor.close().finally(() => {
    rmSync(paths.runtime, { recursive: true, force: true });
    log("ended");
    process.exit(0);
  });
}

function isAnotherInCharge({ identity }: SupervisorPaths): boolean {
  try {
    return isRunning(processIdentitySchema.parse(JSON.parse(readFileSync(identity, "utf8"))));
  } catch {
    return false;
  }
}

/** Makes a directory of mode 0700, and refuses one that belongs to someone else. */
function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    console.error(`${directory} belongs to another user or is a link: remove it`);
    process.exit(78);
  }
  chmodSync(directory, 0o700);
}

function log(line: string): void {
  console.log(`${new Date().toISOString()} ${line}`);
}
