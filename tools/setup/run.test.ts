import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { which } from "./command.mjs";
import { tryLock } from "./lock.mjs";
import { engineVersion } from "./places.mjs";

let folder: string;
let programs: string;
let cache: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-setup-"));
  programs = path.join(folder, "bin");
  cache = path.join(folder, "cache");
  mkdirSync(programs);
  return () => rmSync(folder, { recursive: true, force: true });
});

/** Runs set-up on a machine that has only the programs that a test put there, and no network. */
async function setUp(command = "setup"): Promise<{ code: number; text: string }> {
  const noNetwork = path.join(folder, "no-network.mjs");
  writeFileSync(noNetwork, "globalThis.fetch = () => Promise.reject(new Error('no network'));");
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", noNetwork, path.join(import.meta.dirname, "run.mjs"), command],
      { env: { PATH: programs, HOME: folder, COMFYMULTI_HOME: folder, COMFYMULTI_CACHE: cache } },
    );
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

function provide(name: string, script?: string): void {
  const file = path.join(programs, name);
  if (script === undefined) symlinkSync(which(name) ?? "", file);
  else {
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
}

describe("set-up", () => {
  it("refuses a second command in the same folder and says who is at work", async () => {
    const lock = tryLock(path.join(folder, "command.lock"), "npm start");
    const { code, text } = await setUp("stop");
    if ("release" in lock) lock.release();
    expect(code).toBe(1);
    expect(text).toContain(`npm start (pid ${process.pid}`);
    expect(text).toContain("run npm stop again");
  });

  it("is not held up by the lock of a process that is gone", () => {
    const file = path.join(folder, "command.lock");
    writeFileSync(
      file,
      JSON.stringify({ pid: process.pid, started: "1", purpose: "x", since: "" }),
    );
    const lock = tryLock(file, "npm start");
    expect(lock).toHaveProperty("release");
    if ("release" in lock) lock.release();
    expect(existsSync(file)).toBe(false);
  });

  it("says in one sentence what to install when there is no Redis", async () => {
    const { code, text } = await setUp();
    expect(code).toBe(1);
    expect(text).toContain("redis-server is not on this machine");
    expect(text).toContain("sudo apt-get install redis-server");
    expect(text).not.toContain("    at ");
  });

  it("says what to install when the engine can be neither downloaded nor built", async () => {
    provide("redis-server");
    const { code, text } = await setUp();
    expect(code).toBe(1);
    expect(text).toContain(`install Pulumi ${engineVersion}`);
    expect(text).not.toContain("    at ");
  });

  it("leaves nothing half-made when the engine's build is cut off", async () => {
    provide("redis-server");
    provide(
      "go",
      'case "$1" in version) echo go version go1.26.8;; *) echo "cut off" >&2; exit 1;; esac',
    );
    const { code, text } = await setUp();
    expect(code).toBe(1);
    expect(text).toContain("cut off");
    expect(text).toContain("run the same command again");
    expect(readdirSync(path.join(cache, "engine"))).toEqual([]);
  });

  it("refuses a command that there is not", async () => {
    expect(await setUp("begin")).toMatchObject({
      code: 1,
      text: expect.stringContaining("use one of"),
    });
  });
});
