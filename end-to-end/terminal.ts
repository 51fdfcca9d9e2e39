/** The command as a host's terminal runs it, in a home of this test's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { repository } from "../components/installation.ts";

export interface Outcome {
  readonly code: number;
  /** Both outputs. */
  readonly text: string;
  readonly stdout: string;
}

export class Terminal {
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment beside this process' own */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  run(...args: string[]): Promise<Outcome> {
    return this.start(...args).outcome;
  }

  /** In a process group of its own, as a terminal does. */
  start(...args: string[]) {
    const child = spawn(process.execPath, [path.join(repository, "cli/main.ts"), ...args], {
      env: { ...process.env, NO_COLOR: "1", ...this.#environment },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      text += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const outcome = once(child, "close").then((): Outcome => ({
      code: child.exitCode ?? 137,
      text,
      stdout,
    }));
    return {
      outcome,
      /** Resolves when it has printed this. */
      printed: async (pattern: RegExp) => {
        while (!pattern.test(text)) {
          if (child.exitCode !== null)
            throw new Error(`it ended without ${String(pattern)}:\n${text}`);
          await pause(5);
        }
      },
      signal: (signal: NodeJS.Signals) => {
        if (child.pid === undefined) throw new Error("it never started");
        process.kill(-child.pid, signal);
      },
    };
  }
}
