/** Runs a program to its end and keeps what it said. */
import { spawn } from "node:child_process";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is kept of each stream: a list of backups and a status are far smaller. */
const MOST_CHARACTERS = 16 * 1024 ** 2;

/** @returns code 127 when the program is not there */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => (stdout = (stdout + String(text)).slice(-MOST_CHARACTERS)));
    child.stderr.on("data", (text) => (stderr = (stderr + String(text)).slice(-MOST_CHARACTERS)));
    // It may end without reading.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on("close", (code) => {
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}
