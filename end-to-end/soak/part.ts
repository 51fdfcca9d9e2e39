/** A part of the platform as a process of its own: it may be killed, and comes back on the same port. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

export interface PartOptions {
  readonly name: string;
  /** Script and its arguments. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Answers 200 once the part works. */
  readonly healthUrl: string;
}

export class Part {
  readonly name: string;
  readonly #options: PartOptions;
  #process: ChildProcess | undefined;

  private constructor(options: PartOptions) {
    this.name = options.name;
    this.#options = options;
  }

  static async start(options: PartOptions): Promise<Part> {
    const part = new Part(options);
    await part.start();
    return part;
  }

  /** Starts it and waits until it is well. One that ends meanwhile is started again, as a container is. */
  async start(): Promise<void> {
    while (!(await this.#isWell())) {
      if (!this.#runs()) this.#spawn();
      await pause(50);
    }
  }

  /** kill -9, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || !this.#runs()) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  #spawn(): void {
    const { program, environment } = this.#options;
    this.#process = spawn(process.execPath, program, {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  #runs(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  async #isWell(): Promise<boolean> {
    return await fetch(this.#options.healthUrl).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
