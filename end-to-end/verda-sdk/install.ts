/** Verda's official Python SDK in a virtual environment of its own, made once in the project's cache. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { run, which } from "../../tools/setup/command.mjs";
import { waitForLock } from "../../tools/setup/lock.mjs";
import { cacheDirectory } from "../../tools/setup/places.mjs";

const SDK = "verda==1.25.0";
const SECONDS = 240;

/** The interpreter that has the SDK, or why there is none on this machine. */
export type Sdk = { readonly python: string } | { readonly missing: string };

export async function installSdk(): Promise<Sdk> {
  const system = which("python3");
  if (!system) return { missing: "there is no python3 on this machine" };
  const folder = path.join(cacheDirectory, "verda-sdk");
  const environment = path.join(folder, SDK);
  const python = path.join(environment, "bin", "python");
  mkdirSync(folder, { recursive: true });
  const lock = await waitForLock(`${environment}.lock`, `installing ${SDK}`, console.log);
  try {
    const whole = path.join(environment, "complete");
    if (existsSync(whole)) return { python };
    // An environment knows its own path, so it is made in place and marked when it is whole.
    rmSync(environment, { recursive: true, force: true });
    const made = await run(system, ["-m", "venv", environment], { timeoutSeconds: SECONDS });
    if (made.code !== 0) return { missing: `python3 makes no virtual environment: ${made.tail}` };
    const args = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", SDK];
    const installed = await run(python, args, { timeoutSeconds: SECONDS });
    if (installed.code !== 0) {
      const reachable = !/connection|resol|timed out|proxy/i.test(installed.tail);
      if (reachable) throw new Error(`Installing ${SDK} failed:\n${installed.tail}`);
      return { missing: `PyPI cannot be reached: ${installed.tail}` };
    }
    mkdirSync(whole);
    return { python };
  } finally {
    lock.release();
  }
}
