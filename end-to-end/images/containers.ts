/** Containers of built images, as closed as `DockerHost` makes them, in a network of their own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pRetry from "p-retry";
import type { DockerDaemon } from "../docker/daemon.ts";

const NETWORK = "comfymulti-images";

/** Nothing that a `DockerHost` would not give: read-only root, no capabilities, /tmp in memory. */
const CLOSED = [
  ...["--read-only", "--tmpfs", "/tmp:rw,nosuid,nodev,size=64m,mode=1777"],
  ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
  ...["--memory", "1g", "--health-interval", "1s"],
];

export interface Wanted {
  readonly environment?: Readonly<Record<string, string>>;
  /** Folder of this machine → place in the container; `:ro` behind the place makes it read-only. */
  readonly folders?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number;
  readonly log: string;
}

export class Containers {
  readonly #daemon: DockerDaemon;

  private constructor(daemon: DockerDaemon) {
    this.#daemon = daemon;
  }

  static async prepare(daemon: DockerDaemon): Promise<Containers> {
    await daemon.docker("network", "create", NETWORK);
    return new Containers(daemon);
  }

  /** Starts one; it is its name in the network. */
  async start(name: string, image: string, wanted: Wanted = {}): Promise<void> {
    await this.#daemon.docker(
      ...["run", "--detach", "--name", name, "--network", NETWORK, ...CLOSED],
      ...Object.entries(wanted.environment ?? {}).flatMap(([key, value]) => [
        "--env",
        `${key}=${value}`,
      ]),
      ...Object.entries(wanted.folders ?? {}).flatMap(([folder, place]) => [
        "--volume",
        `${folder}:${place}`,
      ]),
      image,
    );
  }

  /** Starts one and waits until its own check says that it is well. @throws with its log */
  async startHealthy(name: string, image: string, wanted: Wanted = {}): Promise<void> {
    await this.start(name, image, wanted);
    await pRetry(
      async () => {
        const state = await this.#inspect(name, "{{.State.Status}} {{.State.Health.Status}}");
        if (state !== "running healthy") throw new Error(`${state}: ${await this.log(name)}`);
      },
      { retries: 240, minTimeout: 250, maxTimeout: 250 },
    );
  }

  /** Starts one that ends by itself. */
  async runToEnd(name: string, image: string, wanted: Wanted = {}): Promise<Ended> {
    await this.start(name, image, wanted);
    const code = Number(await this.#daemon.docker("wait", name));
    const log = await this.log(name);
    await this.#daemon.docker("rm", name);
    return { code, log };
  }

  /** Asks it to end by its own signal; its exit code, 137 when it had to be killed. */
  async stop(name: string): Promise<number> {
    await this.#daemon.docker("stop", "--time", "30", name);
    return Number(await this.#inspect(name, "{{.State.ExitCode}}"));
  }

  inside(name: string, ...command: readonly string[]): Promise<string> {
    return this.#daemon.docker("exec", name, ...command);
  }

  addressOf(name: string): Promise<string> {
    return this.#inspect(name, `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`);
  }

  /** What it has said so far, on both ways. */
  async log(name: string): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)("docker", ["logs", name], {
      env: { ...process.env, DOCKER_HOST: this.#daemon.socket },
    });
    return stdout + stderr;
  }

  #inspect(name: string, format: string): Promise<string> {
    return this.#daemon.docker("inspect", "--format", format, name);
  }
}
