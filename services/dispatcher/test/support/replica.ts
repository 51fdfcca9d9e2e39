/** A replica as a provider runs it: the worker's image in the mode `serverless`, and its ComfyUI. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createSimulatedComfyui, type SimulatedComfyui } from "@comfymulti/simulated-comfyui";

const MAIN = fileURLToPath(new URL("../../../../worker/src/main.ts", import.meta.url));

export class Replica {
  readonly origin: string;
  readonly #folder: string;
  readonly #comfyui: SimulatedComfyui;
  readonly #process: ChildProcess;

  private constructor(
    origin: string,
    folder: string,
    comfyui: SimulatedComfyui,
    child: ChildProcess,
  ) {
    this.origin = origin;
    this.#folder = folder;
    this.#comfyui = comfyui;
    this.#process = child;
  }

  /** Resolves when it is healthy, as a provider waits before it sends it anything. */
  static async start(queueManagerUrl: string): Promise<Replica> {
    const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-replica-"));
    const comfyui = await createSimulatedComfyui({
      dataDirectory: path.join(folder, "comfyui"),
      port: 0,
      speed: 1000,
      testNodes: true,
    });
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PATH: process.env["PATH"],
        INFERENCE_MODE: "serverless",
        QUEUE_MANAGER_URL: queueManagerUrl,
        COMFYUI_URL: comfyui.url,
        HEALTH_PORT: String(port),
        SPOOL_DIRECTORY: path.join(folder, "spool"),
        LOG_LEVEL: "fatal",
      },
    });
    const replica = new Replica(`http://127.0.0.1:${port}`, folder, comfyui, child);
    while (!(await replica.#isWell())) await pause(50);
    return replica;
  }

  /** kill -9 and everything on its disk, as a spot instance is taken away. */
  evict(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Its exit code. */
  async stop(): Promise<number | null> {
    await this.#end("SIGTERM");
    return this.#process.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await once(this.#process, "exit");
    }
    await this.#comfyui.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #isWell(): Promise<boolean> {
    return await fetch(`${this.origin}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
