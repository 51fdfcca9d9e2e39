/** Keeps two runs from working on the same thing at once. A lock of a dead process does not count. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Start time of a process in clock ticks: a reused pid has another one. Linux only; else "". */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false;
  }
  return startTime(pid) === started;
}

function readHolder(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Gone, or cut off in the middle of being written: nobody holds it.
    return undefined;
  }
}

/**
 * Takes the lock or tells who holds it.
 *
 * @param {string} file
 * @param {string} purpose What the holder does, for the others' message.
 * @returns {{ release: () => void } | { holder: { pid: number, purpose: string, since: string } }}
 */
export function tryLock(file, purpose) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = JSON.stringify({
    pid: process.pid,
    started: startTime(process.pid),
    purpose,
    since: new Date().toISOString(),
  });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      const release = () => rmSync(file, { force: true });
      process.once("exit", release);
      return { release };
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = readHolder(file);
    if (holder && isAlive(holder)) return { holder };
    rmSync(file, { force: true });
  }
  return { holder: { pid: 0, purpose: "another run", since: "just now" } };
}

/**
 * Waits for the lock, saying once whom it waits for.
 *
 * @param {string} file
 * @param {string} purpose
 * @param {(line: string) => void} report
 */
export async function waitForLock(file, purpose, report) {
  for (let told = false; ; told = true) {
    const result = tryLock(file, purpose);
    if ("release" in result) return result;
    if (!told) report(`waiting for ${result.holder.purpose} (pid ${result.holder.pid})`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
