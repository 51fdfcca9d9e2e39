/** A container's log, by `docker logs` on its machine. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { LogRange } from "./file-log.ts";
import { commandOn, type Container } from "./machines.ts";

export interface ContainerLogOptions extends LogRange {
  readonly isFollowed: boolean;
}

/**
 * Writes its lines until docker ends, or the signal.
 *
 * @returns the last words of ssh or docker where the log could not be had
 */
export function containerLog(
  { name, machine }: Container,
  { lines, since, isFollowed }: ContainerLogOptions,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [program, ...args] = commandOn(machine, [
    ...(["docker", "logs", "--tail", String(lines)] as const),
    ...(since ? ["--since", since.toISOString()] : []),
    ...(isFollowed ? ["--follow"] : []),
    name,
  ]);
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal });
    let last = "";
    createInterface(child.stdout).on("line", write);
    // docker hands on what the service wrote to its standard error.
    createInterface(child.stderr).on("line", (line) => {
      last = line;
      write(line);
    });
    child.on("error", (error) => {
      last = signal.aborted ? "" : error.message;
      resolve(last === "" ? undefined : last);
    });
    child.on("close", (code) => {
      resolve(code === 0 || signal.aborted ? undefined : last);
    });
  });
}
