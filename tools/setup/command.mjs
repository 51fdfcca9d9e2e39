/** Runs another program for set-up and keeps the end of what it printed. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutSeconds?: number }} [options]
 * @returns {Promise<{ code: number, stdout: string, tail: string }>} `code` 127 when the program is
 *   not there, 124 when it ran out of time; `tail`: the last 30 lines of stdout and stderr.
 */
export function run(file, args, { cwd, env, timeoutSeconds } = {}) {
  return new Promise((resolve) => {
    let stdout = "";
    let all = "";
    let timedOut = false;
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const timer =
      timeoutSeconds &&
      setTimeout(() => {
        timedOut = true;
        child.kill("SIGKILL");
      }, timeoutSeconds * 1000);
    const keep = (chunk) => {
      all = (all + chunk).slice(-20_000);
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      keep(chunk);
    });
    child.stderr.on("data", keep);
    const finish = (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, tail: all.split("\n").slice(-30).join("\n") });
    };
    child.on("error", (error) => {
      keep(String(error));
      finish(127);
    });
    child.on("close", (code) => finish(timedOut ? 124 : (code ?? 1)));
  });
}

/**
 * The full path of a program on PATH.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function which(name) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * Compares dotted versions by their numbers ("24.9.0" < "24.21.0").
 *
 * @param {string} version
 * @param {string} wanted
 */
export function atLeast(version, wanted) {
  const numbers = (text) => text.replace(/^v/, "").split(/[.+-]/).map(Number);
  const [left, right] = [numbers(version), numbers(wanted)];
  for (let index = 0; index < right.length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
