/** A worker and its simulated ComfyUI as processes, on a gateway of the benchmark's own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import type { Scope } from "../measurement/figure.ts";
import { freePort, ready } from "./listening.ts";
import { startGateway, UNLIMITED, type Gateway } from "./gateway.ts";

/** The one worker that `startWorker` starts. */
export const WORKER = { name: "worker-1", token: "token-of-the-benchmark-worker" } as const;

/** Linux counts a process's CPU time in these. */
const TICKS_PER_SECOND = 100;

export interface RunningWorker {
  readonly pid: number;
  /** CPU time that it has used, user and system, ms; in steps of 10. */
  cpuMs(): number;
}

/** A gateway that knows this worker, and sets no limits. */
export const startGatewayForWorker = (scope: Scope): Promise<Gateway> =>
  startGateway(scope, {
    environment: { ...UNLIMITED, WORKER_TOKENS: JSON.stringify({ [WORKER.name]: WORKER.token }) },
  });

export async function startWorker(gateway: Gateway, scope: Scope): Promise<RunningWorker> {
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-worker-"));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [comfyuiPort, healthPort] = [await freePort(), await freePort()];
  start(scope, "worker/simulated-comfyui/src/main.ts", {
    PORT: String(comfyuiPort),
    DATA_DIRECTORY: path.join(folder, "comfyui"),
    SPEED: "1000",
    TEST_NODES: "true",
    LOG_LEVEL: "error",
  });
  const worker = start(scope, "worker/src/main.ts", {
    WORKER_NAME: WORKER.name,
    WORKER_TOKEN: WORKER.token,
    REDIS_PORT: String(gateway.redis.port),
    REDIS_PASSWORD: gateway.redis.password,
    QUEUE_MANAGER_URL: gateway.origin,
    COMFYUI_URL: `http://127.0.0.1:${comfyuiPort}`,
    HEALTH_PORT: String(healthPort),
    SPOOL_DIRECTORY: path.join(folder, "spool"),
    LOG_LEVEL: "error",
  });
  await ready(`http://127.0.0.1:${healthPort}/health`);
  const { pid } = worker;
  if (pid === undefined) throw new Error("the worker runs");
  return { pid, cpuMs: () => cpuMs(pid) };
}

function start(
  scope: Scope,
  file: string,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const child = spawn(process.execPath, [path.join(repository, file)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env.PATH, ...environment },
  });
  const ended = once(child, "exit");
  scope.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return child;
}

function cpuMs(pid: number): number {
  // After the name in brackets: utime and stime are the 14th and 15th field of the whole line.
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) /);
  const fields = rest.split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
