import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/**
 * A service writes straight into its log file (not through a pipe), so that it outlives a killed
 * supervisor. Rotation therefore copies and truncates; lines written in between may be lost.
 */

export const LARGEST_LOG_BYTES = 10 * 1024 * 1024;
const LARGEST_TAIL_BYTES = 64 * 1024;

/** Keeps a log below `limit` bytes: the older half moves to `<file>.1`, replacing what was there. */
export function rotateLog(file: string, limit = LARGEST_LOG_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < limit) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // A full disk: truncating without a copy gives room again.
  }
  truncateSync(file, 0);
}

/** The last lines of a log; empty when there is none. */
export function tailLog(file: string, lines: number): string[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return [];
  const length = Math.min(size, LARGEST_TAIL_BYTES);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, buffer, 0, length, size - length);
  } finally {
    closeSync(descriptor);
  }
  return buffer.toString("utf8").trimEnd().split("\n").slice(-lines);
}
