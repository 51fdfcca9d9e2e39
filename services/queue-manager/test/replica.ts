/** One replica of the gateway as a process of its own, to be killed like one. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export class Replica {
  readonly origin: string;
  readonly #environment: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  private constructor(port: number, environment: Readonly<Record<string, string>>) {
    this.origin = `http://127.0.0.1:${port}`;
    this.#environment = { ...environment, PORT: String(port), LOG_LEVEL: "error" };
  }

  static async start(environment: Readonly<Record<string, string>>): Promise<Replica> {
    const replica = new Replica(await freePort(), environment);
    await replica.restart();
    return replica;
  }

  /** Starts it on the same port, and waits until it is healthy. */
  async restart(): Promise<void> {
    this.#process = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env["PATH"], ...this.#environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
    while ((await this.health()) !== 200) await pause(50);
  }

  /** Status of `/health`; 0 when nobody answers. */
  async health(): Promise<number> {
    return await fetch(`${this.origin}/health`).then(
      ({ status }) => status,
      () => 0,
    );
  }

  /** Exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | string | null> {
    const child = this.#process;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
    return child.exitCode ?? child.signalCode;
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
