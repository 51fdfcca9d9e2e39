/** A real Redis for tests: own port, own folder, durable, gone when the test is. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface TestRedis {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly password: string;
  readonly folder: string;
  /** kill -9, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Freezes and thaws the process. */
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** @param settings lines of configuration put after the durable ones */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-redis-"));
  const port = await freePort();
  const password = "of-this-test";
  const start = async () => {
    // Nothing is inherited: one that outlives a killed test would hold the runner's output open.
    const server = spawn("redis-server", ["-"], { stdio: ["pipe", "ignore", "ignore"] });
    server.stdin.end(
      [
        "bind 127.0.0.1",
        `port ${port}`,
        `requirepass ${password}`,
        `dir ${folder}`,
        "appendonly yes",
        "appendfsync always",
        'save ""',
        "loglevel warning",
        ...settings,
      ].join("\n"),
    );
    await accepting(port, server);
    return server;
  };
  let server = await start();
  // However this process ends, short of kill -9, its servers end with it.
  const atExit = () => void server.kill("SIGKILL");
  process.once("exit", atExit);
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill(signal);
    await once(server, "exit");
  };
  return {
    host: "127.0.0.1",
    port,
    password,
    folder,
    kill: () => end("SIGKILL"),
    restart: async () => {
      await end("SIGKILL");
      server = await start();
    },
    signal: (signal) => void server.kill(signal),
    stop: async () => {
      await end("SIGKILL");
      process.off("exit", atExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

async function accepting(port: number, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const outcome = await Promise.race([
      once(socket, "connect").then(() => "open"),
      once(socket, "error").then(() => "closed"),
    ]).catch(() => "closed");
    socket.destroy();
    if (outcome === "open") return;
    await pause(20);
  }
}
