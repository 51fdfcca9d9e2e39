/** The log file of a service on this machine: its last lines, and what comes. */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { linesSince } from "./lines.ts";

export interface LogRange {
  readonly lines: number;
  readonly since?: Date;
}

const LOOK_MS = 300;
const MOST_BYTES_AT_ONCE = 1024 ** 2;

/** Bytes that a log has now; 0 when there is none. */
export const sizeOf = (file: string): number =>
  statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/**
 * The older half first, which rotation has put aside. Each is at most 10 MB.
 *
 * @param end Where in the newer half to stop, as `sizeOf` said: what comes later is followed.
 */
export function lastLines(file: string, { lines, since }: LogRange, end: number): string[] {
  const texts = [
    sizeOf(`${file}.1`) === 0 ? "" : readFileSync(`${file}.1`, "utf8"),
    end === 0 ? "" : readFileSync(file).subarray(0, end).toString("utf8"),
  ];
  const all = texts.flatMap((text) => (text === "" ? [] : text.trimEnd().split("\n")));
  const wanted = since ? linesSince(all, since) : all;
  return lines === 0 ? [] : wanted.slice(-lines);
}

/**
 * What is written from there on, line by line, until the signal. A file that became shorter was rotated:
 * it is read from its beginning.
 */
export async function follow(
  file: string,
  from: number,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let at = from;
  const decoder = new TextDecoder();
  let rest = "";
  while (!signal.aborted) {
    const size = sizeOf(file);
    if (size < at) at = 0;
    while (at < size) {
      const chunk = readAt(file, at, Math.min(size - at, MOST_BYTES_AT_ONCE));
      if (chunk.length === 0) break;
      at += chunk.length;
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) write(line);
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

function readAt(file: string, position: number, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  const descriptor = openSync(file, "r");
  try {
    return buffer.subarray(0, readSync(descriptor, buffer, 0, length, position));
  } finally {
    closeSync(descriptor);
  }
}
