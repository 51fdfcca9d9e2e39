/** Runs a program and notes when each line of its output came. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface TimedLine {
  /** Seconds since the program was started. */
  readonly at: number;
  readonly text: string;
}

export interface TimedRun {
  readonly lines: readonly TimedLine[];
  /** Seconds until it ended. */
  readonly seconds: number;
}

export interface Place {
  readonly workingDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborting ends the program in good order (SIGTERM). */
  readonly signal?: AbortSignal;
}

/** @throws with everything it printed when it ends with another code than 0 */
export async function timeLines(command: readonly string[], place: Place): Promise<TimedRun> {
  const [file = "", ...args] = command;
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  const child = spawn(file, args, {
    cwd: place.workingDirectory,
    env: place.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  place.signal?.addEventListener("abort", () => child.kill("SIGTERM"));
  const lines: TimedLine[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => lines.push({ at: since(), text }));
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = since();
  if (code !== 0) {
    const printed = lines.map(({ text }) => text).join("\n");
    throw new Error(
      `${command.join(" ")} failed:\n${printed}\n${Buffer.concat(errors).toString()}`,
    );
  }
  return { lines, seconds };
}
