import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

/**
 * Which process a pid means. A pid alone is reused; a pid with its start time (in clock ticks since
 * boot, field 22 of /proc/<pid>/stat) and the boot's id is not. Linux only.
 */
export const processIdentitySchema = z.strictObject({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** The identity of a process that runs now; `undefined` when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = readStat(pid);
  return found && { pid, startTime: found.startTime, bootId: bootId() };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const found = identify(identity.pid);
  return found?.startTime === identity.startTime && found.bootId === identity.bootId;
}

/** Every process with this variable at this value in its environment that belongs to `group`. */
export function groupMembers(group: number, variable: string, value: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => readStat(pid)?.group === group && hasVariable(pid, variable, value));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Waits until `gone` is true; false when that took longer than `milliseconds`. */
export async function waitUntil(gone: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (!gone()) {
    if (Date.now() > deadline) return false;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  return true;
}

function readStat(pid: number): { startTime: string; group: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets and may itself hold brackets and blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startTime = fields[19];
  if (state === "Z" || state === "X" || startTime === undefined) return undefined;
  return { startTime, group: Number(group) };
}

function hasVariable(pid: number, variable: string, value: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .includes(`${variable}=${value}`);
  } catch {
    return false;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
